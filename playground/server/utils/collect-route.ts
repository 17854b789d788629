import { createError, defineEventHandler } from 'h3'
import type { EventHandler } from 'h3'
import { mayCollectHistory } from '../../shared/sync/history-gc-policy'
import { collectRequestSchema, februaryCollectRequestSchema } from '../../shared/sync/schemas'
import { requireCan } from '../auth/permissions'
import { limitRate } from './rate-limit'
import { isFebruaryHost, parse, readJson, requireCloud } from './request'
import { requireGateway } from './sync-route'

/** Both collection routes differ in the method they call (contract §4.1). */
export function collectRoute(method: 'gcTombstones' | 'gcChangeLog', what: string): EventHandler {
  return defineEventHandler(async (event) => {
    requireCloud({ sync: true })
    const february = isFebruaryHost()
    const body = await readJson(event, 8 * 1024, 'Invalid GC request')
    const request = parse(february ? februaryCollectRequestSchema : collectRequestSchema, body, 'Invalid GC request')
    const session = await requireCan(event, 'workspace.settings.manage', request.scope.workspaceId)
    limitRate(event, `gc:${session.user.id}`, 10, 'Too many GC requests. Please wait before retrying.')
    const adapter = requireGateway()
    if (!adapter[method]) throw createError({ statusCode: 501, statusMessage: `${what} not supported by adapter` })
    if (!february && !mayCollectHistory(adapter)) {
      throw createError({ statusCode: 503, statusMessage: 'History collection needs a provider with snapshots' })
    }
    return await adapter[method](event, request) ?? null
  })
}
