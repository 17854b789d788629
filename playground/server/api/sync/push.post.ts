import type { H3Event } from 'h3'
import { defineEventHandler } from 'h3'
import { requireCan } from '../../auth/permissions'
import { checkPushResult } from '../../../shared/sync/check-response'
import { februaryPushSchema, pushEnvelopeSchema } from '../../../shared/sync/schemas'
import type { PushOpResult, PushResult } from '../../../shared/sync/schemas'
import { requirePayloads, routeOp } from '../../utils/check-ops'
import { limitRate } from '../../utils/rate-limit'
import { isFebruaryHost, parse, readJson, requireCloud } from '../../utils/request'
import { checked, MIB, requireGateway } from '../../utils/sync-route'

/** The February host names no limit; a playground still needs one. */
const FEBRUARY_MIB = 64
const INVALID = 'Invalid push request'

export default defineEventHandler(async (event) => {
  requireCloud({ sync: true })
  const february = isFebruaryHost()
  const body = await readJson(event, (february ? FEBRUARY_MIB : 2) * MIB, INVALID)
  return february ? pushInFebruary(event, body) : pushInAugust(event, body)
})

async function pushInFebruary(event: H3Event, body: unknown): Promise<unknown> {
  const batch = parse(februaryPushSchema, body, INVALID)
  requirePayloads(batch.ops)
  await authorize(event, batch.scope.workspaceId)
  return requireGateway().push(event, batch)
}

async function pushInAugust(event: H3Event, body: unknown): Promise<PushResult> {
  const { scope, ops } = parse(pushEnvelopeSchema, body, INVALID)
  const routed = ops.map(routeOp)
  await authorize(event, scope.workspaceId)
  const valid = routed.flatMap(entry => 'op' in entry ? [entry.op] : [])
  if (valid.length === 0 && ops.length > 0) return { results: refusedOnly(routed), serverVersion: 0 }

  const pushed = await requireGateway().push(event, { scope, ops: valid })
  const answered = checked(() => checkPushResult(pushed, valid.map(op => op.stamp.opId)))
  const byOpId = new Map(answered.results.map(result => [result.opId, result]))
  const results = routed.flatMap((entry) => {
    if ('result' in entry) return [entry.result]
    const result = byOpId.get(entry.op.stamp.opId)
    byOpId.delete(entry.op.stamp.opId)
    return result ? [result] : []
  })
  return { results, serverVersion: answered.serverVersion }
}

async function authorize(event: H3Event, workspaceId: string): Promise<void> {
  const session = await requireCan(event, 'workspace.write', workspaceId)
  limitRate(event, `push:${session.user.id}`, 200)
}

function refusedOnly(routed: readonly ReturnType<typeof routeOp>[]): PushOpResult[] {
  return routed.flatMap(entry => 'result' in entry ? [entry.result] : [])
}
