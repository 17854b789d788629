import { defineEventHandler } from 'h3'
import { requireCan } from '../../auth/permissions'
import { cursorRequestSchema } from '../../../shared/sync/schemas'
import { limitRate } from '../../utils/rate-limit'
import { parse, readJson, requireCloud } from '../../utils/request'
import { requireGateway } from '../../utils/sync-route'

export default defineEventHandler(async (event) => {
  requireCloud({ sync: true })
  const request = parse(cursorRequestSchema, await readJson(event, 8 * 1024, 'Invalid cursor request'), 'Invalid cursor request')
  const session = await requireCan(event, 'workspace.read', request.scope.workspaceId)
  limitRate(event, `cursor:${session.user.id}`, 60)
  await requireGateway().updateCursor(event, request)
  return { ok: true }
})
