import { createError, defineEventHandler } from 'h3'
import { requireCan } from '../../auth/permissions'
import { snapshotRequestSchema } from '../../../shared/sync/schemas'
import { limitRate } from '../../utils/rate-limit'
import { isFebruaryHost, parse, readJson, requireCloud } from '../../utils/request'
import { requireGateway } from '../../utils/sync-route'

/** Only the August host has this route. */
export default defineEventHandler(async (event) => {
  requireCloud({ sync: true })
  if (isFebruaryHost()) throw createError({ statusCode: 404, statusMessage: 'Not Found' })
  const request = parse(snapshotRequestSchema, await readJson(event, 8 * 1024, 'Invalid snapshot request'), 'Invalid snapshot request')
  const session = await requireCan(event, 'workspace.read', request.scope.workspaceId)
  limitRate(event, `snapshot:${session.user.id}`, 120)
  const adapter = requireGateway()
  if (!adapter.snapshot || adapter.capabilities?.snapshotBootstrap !== 'snapshot-v1') {
    throw createError({ statusCode: 503, statusMessage: 'Snapshots are not supported by adapter' })
  }
  return adapter.snapshot(event, request)
})
