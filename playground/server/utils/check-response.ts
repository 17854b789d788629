import { pullResponseSchema, pushResultSchema } from '../../shared/sync/schemas'
import type { PullResponse, PushResult } from '../../shared/sync/schemas'
import { badGateway } from './sync-route'

/** The August host's check of a pull (contract §2.2.3). */
export function checkPullResponse(response: unknown, cursor: number): PullResponse {
  const parsed = pullResponseSchema.safeParse(response)
  if (!parsed.success) throw badGateway('pull')
  const { changes, nextCursor, hasMore, requiresSnapshot } = parsed.data
  const versions = changes.map(change => change.serverVersion)
  const sound = versions.every((version, index) => index === 0 || version > (versions[index - 1] ?? 0))
    && versions.every(version => version <= nextCursor && (requiresSnapshot || version > cursor))
    && new Set(changes.map(change => change.stamp.opId)).size === changes.length
    && changes.every(change => change.stamp.deviceId.trim() !== '')
    && nextCursor >= cursor
    && (!hasMore || nextCursor > cursor)
  if (!sound) throw badGateway('pull')
  return parsed.data
}

/** The August host's check of a push (contract §2.2.4); fields it does not know are dropped. */
export function checkPushResult(result: unknown, opIds: readonly string[]): PushResult {
  const parsed = pushResultSchema.safeParse(result)
  if (!parsed.success) throw badGateway('push')
  const { results, serverVersion } = parsed.data
  const answered = new Set(results.map(({ opId }) => opId))
  const sound = answered.size === results.length
    && opIds.every(opId => answered.has(opId))
    && results.every(({ opId }) => opIds.includes(opId))
    && results.every(entry => entry.serverVersion === undefined || entry.serverVersion <= serverVersion)
  if (!sound) throw badGateway('push')
  return parsed.data
}
