import { fromByteOrder, toByteOrder } from '../byte-order'
import type { BulkStatement, Statement } from '../engine/engine'
import { prepared } from '../engine/engine'
import type { CheckedOp } from './check-op'
import type { OpContent } from './fingerprint'
import type { SyncedTable } from './tables'
import { SYNCED_TABLES } from './tables'

/*
 * The SQL of a push. No statement needs a result of another one computed in JavaScript, so the list runs
 * as one batch on any engine. The counter row is read by all of them and moved by the last: until then
 * `server_version > counter` names exactly the log entries of this batch.
 */

/** What names the log entries `l` of this batch; takes the workspace twice. */
export const NEW_ENTRIES = `
  l.workspace_id = ?
  AND l.server_version > (SELECT value FROM server_version_counter WHERE workspace_id = ?)`

const REVISION_OF = (alias: string) => `(${alias}.clock, ${alias}.hlc, ${alias}.op_id)`

/** A workspace's first push starts above whatever an earlier life of the file may have handed out. */
export const ensureCounter = prepared<never>(`
  INSERT INTO server_version_counter (workspace_id, value)
  SELECT ?, COALESCE(MAX(version_floor), 0) FROM lineages WHERE true
  ON CONFLICT (workspace_id) DO NOTHING`)

/*
 * An op enters the log once: the unique key stops a retry, the receipt a late one. Into a removed
 * workspace nothing enters, nor over a notification of somebody else (trap S9). The parameters are repeated
 * where they are needed: SQLite materialises a subselect of them, payload and all, for each op (measured: a
 * push of 50 at 0.40 of its floor with it, 0.78 without).
 */
const APPEND_TO_LOG = `
  INSERT INTO change_log (
    workspace_id, server_version, table_name, pk, op, deleted, payload_json,
    clock, hlc, op_id, device_id, owner_user_id, created_at
  )
  SELECT
    c.workspace_id,
    1 + MAX(c.value, COALESCE((SELECT MAX(server_version) FROM change_log WHERE workspace_id = c.workspace_id), 0)),
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
  FROM server_version_counter AS c
  WHERE c.workspace_id = ?
    AND NOT EXISTS (SELECT 1 FROM op_receipts AS r WHERE r.workspace_id = c.workspace_id AND r.op_id = ?)
    AND NOT EXISTS (SELECT 1 FROM workspaces AS w WHERE w.id = c.workspace_id AND w.deleted_at_ms IS NOT NULL)
    AND (? IS NULL OR NOT EXISTS (
      SELECT 1 FROM s_notifications AS n
      WHERE n.workspace_id = c.workspace_id AND n.pk = ? AND n.owner_user_id <> ?
      UNION ALL
      SELECT 1 FROM tombstones AS t
      WHERE t.workspace_id = c.workspace_id AND t.table_name = 'notifications' AND t.pk = ?
        AND t.owner_user_id <> ?))
  ON CONFLICT (workspace_id, op_id) DO NOTHING`

/** Appends the new ops in order with contiguous versions, losers too. `now`: seconds. */
export function appendToLog(workspaceId: string, ops: readonly CheckedOp[], now: number): BulkStatement {
  return {
    sql: APPEND_TO_LOG,
    rows: ops.map(({ table, pk, operation, deleted, payloadJson, clock, hlc, opId, deviceId, ownerUserId: owner }) => [
      table, toByteOrder(pk), operation, deleted ? 1 : 0, payloadJson, clock, toByteOrder(hlc), opId, deviceId, owner, now,
      workspaceId, opId, owner, toByteOrder(pk), owner, toByteOrder(pk), owner,
    ]),
  }
}

/** The state changes of one table: what its new log entries make of its rows and tombstones. */
interface TableSql {
  readonly upsertRows: string
  readonly upsertTombstones: string
  readonly removeRows: string
  readonly removeTombstones: string
  readonly liveState: string
  readonly deletedState: string
}

function tableSql(table: SyncedTable): TableSql {
  const owner = table === 'notifications' ? ', owner_user_id' : ''
  const ofTable = `l.table_name = '${table}'`
  return {
    upsertRows: `
      INSERT INTO s_${table} (workspace_id, pk, payload_json, clock, hlc, op_id, server_version, created_version${owner})
      SELECT l.workspace_id, l.pk, l.payload_json, l.clock, l.hlc, l.op_id, l.server_version, l.server_version${owner}
      FROM change_log AS l
      WHERE ${NEW_ENTRIES} AND ${ofTable} AND l.deleted = 0
        AND NOT EXISTS (
          SELECT 1 FROM tombstones AS t
          WHERE t.workspace_id = l.workspace_id AND t.table_name = l.table_name AND t.pk = l.pk
            AND ${REVISION_OF('t')} >= ${REVISION_OF('l')})
      ON CONFLICT (workspace_id, pk) DO UPDATE SET
        payload_json = excluded.payload_json,
        clock = excluded.clock,
        hlc = excluded.hlc,
        op_id = excluded.op_id,
        server_version = excluded.server_version
      WHERE ${REVISION_OF('excluded')} > ${REVISION_OF(`s_${table}`)}`,
    upsertTombstones: `
      INSERT INTO tombstones (workspace_id, table_name, pk, clock, hlc, op_id, server_version, owner_user_id, deleted_at)
      SELECT l.workspace_id, l.table_name, l.pk, l.clock, l.hlc, l.op_id, l.server_version, l.owner_user_id, l.created_at
      FROM change_log AS l
      WHERE ${NEW_ENTRIES} AND ${ofTable} AND l.deleted = 1
        AND NOT EXISTS (
          SELECT 1 FROM s_${table} AS r
          WHERE r.workspace_id = l.workspace_id AND r.pk = l.pk
            AND ${REVISION_OF('r')} >= ${REVISION_OF('l')})
      ON CONFLICT (workspace_id, table_name, pk) DO UPDATE SET
        clock = excluded.clock,
        hlc = excluded.hlc,
        op_id = excluded.op_id,
        server_version = excluded.server_version,
        deleted_at = excluded.deleted_at
      WHERE ${REVISION_OF('excluded')} > ${REVISION_OF('tombstones')}`,
    removeRows: `
      DELETE FROM s_${table}
      WHERE workspace_id = ?
        AND pk IN (SELECT l.pk FROM change_log AS l WHERE ${NEW_ENTRIES} AND ${ofTable} AND l.deleted = 1)
        AND EXISTS (
          SELECT 1 FROM tombstones AS t
          WHERE t.workspace_id = s_${table}.workspace_id AND t.table_name = '${table}' AND t.pk = s_${table}.pk
            AND ${REVISION_OF('t')} > ${REVISION_OF(`s_${table}`)})`,
    removeTombstones: `
      DELETE FROM tombstones
      WHERE workspace_id = ? AND table_name = '${table}'
        AND pk IN (SELECT l.pk FROM change_log AS l WHERE ${NEW_ENTRIES} AND ${ofTable} AND l.deleted = 0)
        AND EXISTS (
          SELECT 1 FROM s_${table} AS r
          WHERE r.workspace_id = tombstones.workspace_id AND r.pk = tombstones.pk)`,
    // The payload is left out where this very batch wrote it.
    liveState: `
      SELECT r.pk, r.op_id, r.clock, r.hlc, r.created_version,
        CASE WHEN r.server_version > (SELECT value FROM server_version_counter WHERE workspace_id = r.workspace_id)
          THEN NULL ELSE r.payload_json END AS payload_json
      FROM s_${table} AS r
      WHERE r.workspace_id = ? AND r.pk IN (SELECT value FROM json_each(?))`,
    deletedState: `
      SELECT t.pk, t.op_id, t.clock, t.hlc, t.deleted_at, (
        SELECT payload_json FROM change_log AS l
        WHERE l.workspace_id = t.workspace_id AND l.server_version = t.server_version) AS payload_json
      FROM tombstones AS t
      WHERE t.workspace_id = ? AND t.table_name = '${table}' AND t.pk IN (SELECT value FROM json_each(?))`,
  }
}

const TABLE_SQL = Object.fromEntries(SYNCED_TABLES.map(table => [table, tableSql(table)])) as Record<SyncedTable, TableSql>

/**
 * Folds one table's new log entries into its state, in whatever order SQLite finds them: the guard decides,
 * not the order, and a sorter would cost more than all the rest (measured: 30 of 34 microseconds for one op).
 * The order of the statements matters: puts first, so that a delete is
 * measured against them; then what lost to the other kind goes, and a key is live or deleted, never both.
 */
export function foldIntoState(workspaceId: string, table: SyncedTable, has: { puts: boolean, deletes: boolean }): Statement[] {
  const sql = TABLE_SQL[table]
  const upsert = [workspaceId, workspaceId]
  const remove = [workspaceId, workspaceId, workspaceId]
  return [
    ...has.puts ? [{ sql: sql.upsertRows, parameters: upsert }] : [],
    ...has.deletes ? [{ sql: sql.upsertTombstones, parameters: upsert }, { sql: sql.removeRows, parameters: remove }] : [],
    ...has.puts ? [{ sql: sql.removeTombstones, parameters: remove }] : [],
  ]
}

export interface LiveState {
  readonly pk: string
  readonly op_id: string
  readonly clock: number
  readonly hlc: string
  readonly created_version: number
  readonly payload_json: string | null
}

/** The live rows of some keys; without their payload where this batch wrote it. */
export function liveState(workspaceId: string, table: SyncedTable, pks: readonly string[]): Statement<LiveState> {
  return { sql: TABLE_SQL[table].liveState, parameters: [workspaceId, JSON.stringify(pks.map(toByteOrder))] }
}

export interface DeletedState {
  readonly pk: string
  readonly op_id: string
  readonly clock: number
  readonly hlc: string
  readonly deleted_at: number
  readonly payload_json: string | null
}

/** The tombstones of some keys. The payload is the delete's own, while its log entry is there. */
export function deletedState(workspaceId: string, table: SyncedTable, pks: readonly string[]): Statement<DeletedState> {
  return { sql: TABLE_SQL[table].deletedState, parameters: [workspaceId, JSON.stringify(pks.map(toByteOrder))] }
}

/*
 * Below, the + keeps SQLite to looking up each op of the batch: left to itself it walks all that the
 * workspace has, and a push costs more the longer the log is (measured: 30 times at 20,000 rows). IN over
 * json_each takes a third of the time of a join with it, a scalar subselect that of a LEFT JOIN.
 */

/** Op ids of the batch's new log entries with their versions. */
export const newVersions = prepared<{ op_id: string, server_version: number }>(`
  SELECT l.op_id, l.server_version FROM change_log AS l WHERE ${NEW_ENTRIES}`)

export interface KnownOp {
  readonly op_id: string
  readonly server_version: number
  readonly table_name: string
  readonly pk: string
  readonly op: string
  readonly payload_json: string | null
  readonly clock: number
  readonly hlc: string
  readonly device_id: string
}

/** What such an entry says, as idempotency compares it. */
export function contentOf(entry: KnownOp): OpContent {
  return {
    table: entry.table_name,
    operation: entry.op,
    pk: fromByteOrder(entry.pk),
    payloadJson: entry.payload_json,
    clock: entry.clock,
    hlc: fromByteOrder(entry.hlc),
    deviceId: entry.device_id,
  }
}

const KNOWN_OPS = prepared<KnownOp>(`
  SELECT l.op_id, l.server_version, l.table_name, l.pk, l.op, l.payload_json, l.clock, l.hlc, l.device_id
  FROM change_log AS l
  WHERE l.workspace_id = ? AND l.op_id IN (SELECT value FROM json_each(?))
    AND +l.server_version <= (SELECT value FROM server_version_counter WHERE workspace_id = ?)`)

/** Log entries of earlier batches that carry one of these op ids, given as a JSON array. */
export function knownOps(workspaceId: string, opIds: string): Statement<KnownOp> {
  return KNOWN_OPS(workspaceId, opIds, workspaceId)
}

/** Receipts of collected log entries that carry one of these op ids, given as a JSON array. */
export const receipts = prepared<{ op_id: string, server_version: number, fingerprint: Uint8Array }>(`
  SELECT op_id, server_version, fingerprint FROM op_receipts
  WHERE workspace_id = ? AND op_id IN (SELECT value FROM json_each(?))`)

/** The version before the batch, while its entries are new. */
export const versionBefore = prepared<{ value: number }>('SELECT value FROM server_version_counter WHERE workspace_id = ?')

/**
 * Moves the counter to the last new entry: the batch's entries are no longer new after this. Without
 * RETURNING, for which SQLite keeps a transient table (measured: half of its time).
 */
export const advanceCounter = prepared<never>(`
  UPDATE server_version_counter
  SET value = MAX(value, COALESCE((SELECT MAX(server_version) FROM change_log WHERE workspace_id = ?), 0))
  WHERE workspace_id = ?`)
