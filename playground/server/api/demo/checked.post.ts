import { defineEventHandler } from 'h3'
import { requireCan } from '../../auth/permissions'
import { pushEnvelopeSchema } from '../../../shared/sync/schemas'
import { routeOp } from '../../utils/check-ops'
import { parse, readJson, requireCloud } from '../../utils/request'
import { MIB } from '../../utils/sync-route'

/** All that the push route does but the push: what the benchmark of the HTTP path is compared with. */
export default defineEventHandler(async (event) => {
  requireCloud({ sync: true })
  const { scope, ops } = parse(pushEnvelopeSchema, await readJson(event, 2 * MIB, 'Invalid push request'), 'Invalid push request')
  const routed = ops.map(routeOp)
  await requireCan(event, 'workspace.write', scope.workspaceId)
  return { results: routed.flatMap(entry => 'op' in entry ? [{ opId: entry.op.stamp.opId, success: true, serverVersion: 1, applied: true }] : []), serverVersion: 1 }
})
