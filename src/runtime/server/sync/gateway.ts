import type { Clock } from '../clock'
import type { Engine } from '../engine/engine'
import type { HostEvent, SyncGatewayAdapter } from '../host/contract'
import { answer, refusal } from '../host/errors'
import { requireScope } from '../host/session'
import type { ClockBounds } from './check-op'
import { collectChangeLog, MAX_RETENTION_SECONDS, MIN_RETENTION_SECONDS } from './collect'
import { checkCursor, updateCursor } from './cursor'
import { pull } from './pull'
import { push } from './push'
import { WorkspaceRemovedError } from './workspace-sql'

/** More ops than this in one batch are refused; the host's own limit is 100. */
const MAX_OPS = 1000

export interface GatewayOptions {
  readonly engine: Engine
  readonly clock: Clock
  readonly bounds: ClockBounds
  /** Called after a push was committed. */
  readonly onWrite: () => void
}

/** The host's sync gateway (contract §2.2): checks who asks for what, and hands it to the sync rules. */
export function createSyncGateway({ engine, clock, bounds, onWrite }: GatewayOptions): SyncGatewayAdapter {
  return {
    id: 'sqlite',

    async push(event, batch) {
      const scope = requireScope(event, batch?.scope)
      if (!Array.isArray(batch.ops)) throw refusal(400, 'ops must be a list')
      if (batch.ops.length > MAX_OPS) throw refusal(400, `ops must be at most ${MAX_OPS}`)
      const result = await answer(push(engine, batch.ops, { ...scope, nowMs: clock.now(), bounds }), translate, event)
      onWrite()
      return result
    },

    async pull(event, request) {
      const scope = requireScope(event, request?.scope)
      const { cursor, limit, tables } = request
      if (!Number.isSafeInteger(cursor) || cursor < 0) throw refusal(400, 'cursor must be an integer of at least 0')
      if (tables !== undefined && !Array.isArray(tables)) throw refusal(400, 'tables must be a list of names')
      return answer(pull(engine, { ...scope, cursor, limit, tables }), translate, event)
    },

    async updateCursor(event, request) {
      const { workspaceId, userId } = requireScope(event, request?.scope)
      const cursor = checkCursor(request.deviceId, request.version)
      if (!cursor) throw refusal(400, 'Invalid device cursor')
      if (userId === undefined) throw refusal(401, 'Unauthorized')
      await answer(updateCursor(engine, { workspaceId, userId, ...cursor }, clock.now()), translate, event)
    },

    /**
     * Keeps every tombstone: without snapshots a device that was away learns of a delete only from it, and
     * an old put of that device would bring the row back (hazard F3). Tombstones are small.
     */
    async gcTombstones(event, request) {
      requireCollect(event, request)
      return { tombstones: 0 }
    },

    async gcChangeLog(event, request) {
      const { workspaceId, retentionSeconds } = requireCollect(event, request)
      return answer(collectChangeLog(engine, workspaceId, retentionSeconds, clock.now()), translate, event)
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

/** A session may outlive its workspace by a minute (contract §5.2); on 403 the client asks for a new one. */
function translate(error: unknown): unknown {
  return error instanceof WorkspaceRemovedError ? refusal(403, 'Forbidden: the workspace was removed') : error
}
