import type { PullResponse, PushResult, SnapshotResponse } from './schemas'
import { pullResponseSchema, pushResultSchema, snapshotResponseSchema } from './schemas'

/** What the provider answered is not what the contract allows; the August host answers 502. */
export class ResponseFault extends Error {
  override readonly name = 'ResponseFault'
}

/** The August host's check of a pull (contract §2.2.3). Throws {@link ResponseFault}. */
export function checkPullResponse(response: unknown, cursor: number): PullResponse {
  const parsed = pullResponseSchema.safeParse(response)
  if (!parsed.success) throw new ResponseFault('pull', { cause: parsed.error })
  const { changes, nextCursor, hasMore, requiresSnapshot } = parsed.data
  const versions = changes.map(change => change.serverVersion)
  const sound = versions.every((version, index) => index === 0 || version > (versions[index - 1] ?? 0))
    && versions.every(version => version <= nextCursor && (requiresSnapshot || version > cursor))
    && new Set(changes.map(change => change.stamp.opId)).size === changes.length
    && changes.every(change => change.stamp.deviceId.trim() !== '')
    && nextCursor >= cursor
    && (!hasMore || nextCursor > cursor)
  if (!sound) throw new ResponseFault('pull')
  return parsed.data
}

/** The August host's check of a push (contract §2.2.4); fields it does not know are dropped. Throws {@link ResponseFault}. */
export function checkPushResult(result: unknown, opIds: readonly string[]): PushResult {
  const parsed = pushResultSchema.safeParse(result)
  if (!parsed.success) throw new ResponseFault('push', { cause: parsed.error })
  const { results, serverVersion } = parsed.data
  const answered = new Set(results.map(({ opId }) => opId))
  const sound = answered.size === results.length
    && opIds.every(opId => answered.has(opId))
    && results.every(({ opId }) => opIds.includes(opId))
    && results.every(entry => entry.serverVersion === undefined || entry.serverVersion <= serverVersion)
  if (!sound) throw new ResponseFault('push')
  return parsed.data
}

/** The August host's check of a snapshot page (contract §2.2.7). Throws {@link ResponseFault}. */
export function checkSnapshotResponse(response: unknown, request: { workspaceId: string, pageSize: number }): SnapshotResponse {
  const parsed = snapshotResponseSchema.safeParse(response)
  if (!parsed.success) throw new ResponseFault('snapshot', { cause: parsed.error })
  const { workspaceId, items } = parsed.data
  const keys = items.map(item => `${item.tableName}\0${item.pk}\0${item.kind}`)
  const sound = workspaceId === request.workspaceId
    && items.length <= Math.min(1000, request.pageSize)
    && keys.every((key, index) => index === 0 || key > (keys[index - 1] ?? ''))
    && new Set(items.map(item => `${item.tableName}\0${item.pk}`)).size === items.length
  if (!sound) throw new ResponseFault('snapshot')
  return parsed.data
}
