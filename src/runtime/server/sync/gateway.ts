import type { Clock } from '../clock'
import type { Engine } from '../engine/engine'
import type { HostEvent, SyncMethods } from '../host/contract'
import { answer, refusal } from '../host/errors'
import { requireScope } from '../host/session'
import type { ClockBounds } from './check-op'
import { collectChangeLog, MAX_RETENTION_SECONDS, MIN_RETENTION_SECONDS } from './collect'
import { checkCursor, updateCursor } from './cursor'
import type { HookEvent } from './hooks'
import { hookOf } from './hooks'
import { pull } from './pull'
import { push } from './push'
import { ServerTime } from './server-time'
import type { SnapshotRefusal } from './snapshot'
import { snapshot, SnapshotRefusedError } from './snapshot'
import { checkSnapshot } from './snapshot-request'
import { WorkspaceRemovedError } from './workspace-sql'

/** More ops than this in one batch are refused; the host's own limit is 100. */
const MAX_OPS = 1000

export interface GatewayOptions {
  readonly engine: Engine
  readonly clock: Clock
  readonly bounds: ClockBounds
  /** Whether this host's devices can bootstrap from a snapshot; collection may then go further. */
  readonly snapshots: boolean
  /** Called after a push was committed, with what the host's hooks may be told. */
  readonly onPush: (hooks: () => HookEvent[]) => void
  /** Called with the number of rows a bootstrap left out because no device could take them. */
  readonly onOmitted: (rows: number, table: string) => void
}

const SNAPSHOT_REFUSALS: Record<SnapshotRefusal, [status: 400 | 403 | 410, message: string]> = {
  'expired': [410, 'Snapshot expired or unavailable'],
  'foreign': [403, 'Forbidden'],
  'tables-changed': [400, 'Snapshot table filter cannot change between pages'],
}

/** The host's sync gateway (contract §2.2): checks who asks for what, and hands it to the sync rules. */
export function createSyncGateway({ engine, clock, bounds, snapshots, onPush, onOmitted }: GatewayOptions): SyncMethods {
  const time = new ServerTime(engine, clock)
  return {
    id: 'sqlite',

    ...snapshots ? { capabilities: { snapshotBootstrap: 'snapshot-v1', historyRetention: 'snapshot-v1' } } : {},

    async push(event, batch) {
      const scope = requireScope(event, batch?.scope)
      if (!Array.isArray(batch.ops)) throw refusal(400, 'ops must be a list')
      if (batch.ops.length > MAX_OPS) throw refusal(400, `ops must be at most ${MAX_OPS}`)
      const nowMs = clock.now()
      const write = async () => push(engine, batch.ops, { ...scope, nowMs, latestMs: await time.latest(), bounds })
      const { result, applied } = await answer(write(), translate, event)
      onPush(() => applied.flatMap(op => hookOf(op, { ...scope, now: Math.floor(nowMs / 1000) }) ?? []))
      return result
    },

    async pull(event, request) {
      const scope = requireScope(event, request?.scope)
      const { cursor, limit, tables } = request
      if (!Number.isSafeInteger(cursor) || cursor < 0) throw refusal(400, 'cursor must be an integer of at least 0')
      if (tables !== undefined && !Array.isArray(tables)) throw refusal(400, 'tables must be a list of names')
      return answer(pull(engine, { ...scope, cursor, limit, tables }), translate, event)
    },

    async snapshot(event, request) {
      const scope = requireScope(event, request?.scope)
      const checked = checkSnapshot(scope.workspaceId, request)
      if ('fault' in checked) throw refusal(checked.status, checked.fault)
      const { response, omitted } = await answer(snapshot(engine, { ...scope, ...checked, nowMs: clock.now() }), translate, event)
      for (const [table, rows] of Map.groupBy(omitted, name => name)) onOmitted(rows.length, table)
      return response
    },

    async updateCursor(event, request) {
      const { workspaceId, userId } = requireScope(event, request?.scope)
      const cursor = checkCursor(request.deviceId, request.version)
      if (!cursor) throw refusal(400, 'Invalid device cursor')
      if (userId === undefined) throw refusal(401, 'Unauthorized')
      await answer(updateCursor(engine, { workspaceId, userId, ...cursor }, clock.now()), translate, event)
    },

    /**
     * Keeps every tombstone: an old put of a device that was away cannot be told from a genuine new one but
     * by it, and would bring the row back (hazard F3). Tombstones are small.
     */
    async gcTombstones(event, request) {
      requireCollect(event, request)
      return { tombstones: 0 }
    },

    async gcChangeLog(event, request) {
      const { workspaceId, retentionSeconds } = requireCollect(event, request)
      return answer(collectChangeLog(engine, workspaceId, { seconds: retentionSeconds, snapshots }, clock.now()), translate, event)
    },
  }
}

function requireCollect(event: HostEvent, request: { scope: unknown, retentionSeconds: number }): { workspaceId: string, retentionSeconds: number } {
  const { workspaceId } = requireScope(event, request?.scope)
  const { retentionSeconds } = request
  if (!Number.isInteger(retentionSeconds) || retentionSeconds < MIN_RETENTION_SECONDS || retentionSeconds > MAX_RETENTION_SECONDS) {
    throw refusal(400, 'Invalid sync retention window')
  }
  return { workspaceId, retentionSeconds }
}

function translate(error: unknown): unknown {
  if (error instanceof SnapshotRefusedError) return refusal(...SNAPSHOT_REFUSALS[error.refusal])
  // A session may outlive its workspace by a minute (contract §5.2); on 403 the client asks for a new one.
  return error instanceof WorkspaceRemovedError ? refusal(403, 'Forbidden: the workspace was removed') : error
}
