import { createError, defineEventHandler } from 'h3'
import { requireCan } from '../../auth/permissions'
import { checkSnapshotResponse } from '../../../shared/sync/check-response'
import { snapshotRequestSchema } from '../../../shared/sync/schemas'
import { limitRate } from '../../utils/rate-limit'
import { isFebruaryHost, parse, readJson, requireCloud } from '../../utils/request'
import { checked, requireGateway } from '../../utils/sync-route'

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
  const page = await adapter.snapshot(event, request)
  return checked(() => checkSnapshotResponse(page, { workspaceId: request.scope.workspaceId, pageSize: request.pageSize }))
})
