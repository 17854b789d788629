import { setImmediate as nextTick } from 'node:timers/promises'
import type { BulkStatement, Engine } from '../engine/engine'
import { countChanged, prepared } from '../engine/engine'
import { fingerprint } from './fingerprint'
import type { KnownOp } from './push-sql'
import { contentOf } from './push-sql'
import { SYNCED_TABLES } from './tables'

export const MIN_RETENTION_SECONDS = 3600
export const MAX_RETENTION_SECONDS = 31_536_000

/** A retry later than this after its log entry was collected is taken for a new op (trap S4). */
export const RECEIPT_RETENTION_SECONDS = 2 * MAX_RETENTION_SECONDS

/** Log entries looked at in one step; steps are sized so that one holds the event loop for about STEP_MS (hazard F9). */
const FIRST_STEP = 200
const LARGEST_STEP = 500
const STEP_MS = 20
/** And about as many bytes of payload, because each is hashed: an autosaved document has many versions of its whole self. */
const STEP_BYTES = 1024 * 1024

export interface Collected {
  /** Log entries that were removed. */
  readonly changes: number
  /** Cursors of devices that were not seen within the retention window. */
  readonly cursors: number
  /** Receipts past their own retention. */
  readonly receipts: number
}

const evictCursors = prepared<{ device_id: string }>(`
  DELETE FROM device_cursors WHERE workspace_id = ? AND updated_at < ? RETURNING device_id`)

const expireReceipts = prepared<{ op_id: string }>(`
  DELETE FROM op_receipts
  WHERE workspace_id = ? AND op_id IN (
    SELECT op_id FROM op_receipts WHERE workspace_id = ? AND collected_at < ? ORDER BY collected_at LIMIT ?)
  RETURNING op_id`)

/** What every registered device has passed; null where none is registered. */
const slowestDevice = prepared<{ version: number | null }>(`
  SELECT MIN(last_seen_version) AS version FROM device_cursors WHERE workspace_id = ?`)

const lastOfStep = prepared<{ version: number | null }>(`
  SELECT MAX(server_version) AS version FROM (
    SELECT server_version, octet_length(payload_json) AS own,
      SUM(octet_length(payload_json)) OVER (ORDER BY server_version) AS bytes
    FROM (SELECT server_version, payload_json FROM change_log
      WHERE workspace_id = ? AND server_version > ? ORDER BY server_version LIMIT ?))
  WHERE COALESCE(bytes, 0) - COALESCE(own, 0) < ${STEP_BYTES}`)

const IS_CURRENT = `(CASE l.table_name${SYNCED_TABLES.map(table => `
    WHEN '${table}' THEN EXISTS (
      SELECT 1 FROM s_${table} AS r
      WHERE r.workspace_id = l.workspace_id AND r.pk = l.pk AND r.server_version = l.server_version)`).join('')} END
    OR EXISTS (
      SELECT 1 FROM tombstones AS t
      WHERE t.workspace_id = l.workspace_id AND t.table_name = l.table_name AND t.pk = l.pk
        AND t.server_version = l.server_version))`

const EXPENDABLE = `
  ((l.created_at < ? AND l.server_version <= ?)
    OR ((l.created_at < ? OR l.server_version <= ?) AND NOT ${IS_CURRENT}))`

/** Entries within a step that may go: superseded ones that are old or seen by all, current ones that are both. */
const expendable = prepared<KnownOp & { is_current: 0 | 1 }>(`
  SELECT l.op_id, l.server_version, l.table_name, l.pk, l.op, l.payload_json, l.clock, l.hlc, l.device_id,
    ${IS_CURRENT} AS is_current
  FROM change_log AS l
  WHERE l.workspace_id = ? AND l.server_version > ? AND l.server_version <= ?
    AND ${EXPENDABLE}
  ORDER BY l.server_version`)

const countExpendable = prepared<{ entries: number, bytes: number }>(`
  SELECT COUNT(*) AS entries, COALESCE(SUM(octet_length(l.payload_json)), 0) AS bytes FROM change_log AS l WHERE l.workspace_id = ? AND ${EXPENDABLE}`)

/** As {@link slowestDevice}, without those that a collection would evict first. */
const slowestSeen = prepared<{ version: number | null }>(`
  SELECT MIN(last_seen_version) AS version FROM device_cursors WHERE workspace_id = ? AND updated_at >= ?`)

const raiseFloor = prepared<never>('UPDATE server_version_counter SET log_floor = MAX(log_floor, ?) WHERE workspace_id = ?')

export interface Retention {
  readonly seconds: number
  /**
   * Devices can bootstrap from a snapshot, so the entry that made a row what it is may go as well, once it
   * is older than the window and every device has passed it. Devices below the floor are told to bootstrap.
   */
  readonly snapshots: boolean
}

/**
 * Removes history that a newer entry for the same key has superseded, once every registered device has
 * passed it or it is older than the retention window. Without snapshots the entry that made a row or a
 * tombstone what it is stays, so a device that pulls from 0 still gets everything (trap S16). Each removed
 * entry leaves a receipt. Runs in short steps and lets the server work in between. Throws DatabaseError.
 */
export async function collectChangeLog(engine: Engine, workspaceId: string, retention: Retention, nowMs: number): Promise<Collected> {
  const now = Math.floor(nowMs / 1000)
  const oldest = now - retention.seconds
  const evicted = evictCursors(workspaceId, oldest)
  const slowest = slowestDevice(workspaceId)
  const devices = await engine.batch([evicted, slowest])
  const passed = devices.rowsOf(slowest)[0]?.version ?? null
  const bounds = { now, ...boundsOf(passed, oldest, retention) }
  const changes = await collectEntries(engine, workspaceId, bounds)
  const receipts = await collectReceipts(engine, workspaceId, now - RECEIPT_RETENTION_SECONDS)
  if (changes + receipts > 0) await engine.reclaim()
  return { changes, cursors: devices.rowsOf(evicted).length, receipts }
}

/** What {@link collectChangeLog} would remove, without removing it. `bytes`: of payloads. Throws DatabaseError. */
export async function previewCollection(engine: Engine, workspaceId: string, retention: Retention, nowMs: number): Promise<{ entries: number, bytes: number }> {
  const oldest = Math.floor(nowMs / 1000) - retention.seconds
  const [slowest] = await engine.all(slowestSeen(workspaceId, oldest))
  const { current, seenByAll } = boundsOf(slowest?.version ?? null, oldest, retention)
  const [row] = await engine.all(countExpendable(workspaceId, oldest, current, oldest, seenByAll))
  return row ?? { entries: 0, bytes: 0 }
}

function boundsOf(passed: number | null, oldest: number, { snapshots }: Retention): Omit<Bounds, 'now'> {
  return { oldest, seenByAll: passed ?? 0, current: snapshots ? passed ?? Number.MAX_SAFE_INTEGER : -1 }
}

async function collectReceipts(engine: Engine, workspaceId: string, collectedBefore: number): Promise<number> {
  let receipts = 0
  for (;;) {
    const removed = await countChanged(engine, expireReceipts(workspaceId, workspaceId, collectedBefore, LARGEST_STEP))
    receipts += removed
    if (removed < LARGEST_STEP) return receipts
    await nextTick()
  }
}

interface Bounds {
  /** Seconds, as `oldest`. */
  readonly now: number
  readonly oldest: number
  readonly seenByAll: number
  /** Current entries above this version stay. */
  readonly current: number
}

async function collectEntries(engine: Engine, workspaceId: string, { now, oldest, seenByAll, current }: Bounds): Promise<number> {
  let changes = 0
  let after = 0
  let step = FIRST_STEP
  for (;;) {
    const started = performance.now()
    const [last] = await engine.all(lastOfStep(workspaceId, after, step))
    if (last === undefined || last.version === null) return changes
    const entries = await engine.all(expendable(workspaceId, after, last.version, oldest, current, oldest, seenByAll))
    if (entries.length > 0) {
      const floor = entries.findLast(entry => entry.is_current === 1)?.server_version ?? 0
      await engine.batch([...replaceByReceipts(workspaceId, entries, now), raiseFloor(floor, workspaceId)])
    }
    changes += entries.length
    after = last.version
    step = performance.now() - started > STEP_MS ? Math.max(1, step >> 1) : Math.min(LARGEST_STEP, step * 2)
    await nextTick()
  }
}

/** What was superseded once stays so: the state of a key only moves up in the order of revisions. What was old and passed by all stays so too. */
function replaceByReceipts(workspaceId: string, entries: readonly KnownOp[], now: number): BulkStatement[] {
  return [
    {
      sql: `
        INSERT INTO op_receipts (workspace_id, op_id, server_version, fingerprint, collected_at)
        VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (workspace_id, op_id) DO NOTHING`,
      rows: entries.map(entry => [workspaceId, entry.op_id, entry.server_version, fingerprint(contentOf(entry)), now]),
    },
    {
      sql: 'DELETE FROM change_log WHERE workspace_id = ? AND server_version = ?',
      rows: entries.map(entry => [workspaceId, entry.server_version]),
    },
  ]
}
