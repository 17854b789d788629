import { RECEIPT_RETENTION_SECONDS } from '../sync/collect'
import { MENTIONED_FILES } from '../sync/file-references'
import type { SyncedTable } from '../sync/tables'
import { SYNCED_TABLES } from '../sync/tables'

/** A rule of ours about the tables, the SQL that finds what breaks it, and where nothing is lost by it, the SQL that mends it. */
export interface Check {
  readonly name: string
  readonly message: string
  readonly sql: string
  readonly repair?: readonly string[]
}

/** The earlier provider's collection left no receipts: what it removed before it was taken over is explained by that. */
export const ADOPTED = 'A database of the earlier provider was taken over.'

/** A jump of this size is one that a restore or a lost WAL made (database/high-water.ts). */
const JUMP = 1_000_000

const REVISION = (alias: string) => `(${alias}.clock, ${alias}.hlc, ${alias}.op_id)`
const STATE_OF = (table: SyncedTable) => `s_${table}`

const STATE_VERSIONS = `
  SELECT workspace_id, server_version AS version FROM tombstones
  ${SYNCED_TABLES.map(table => `UNION ALL SELECT workspace_id, server_version FROM s_${table}`).join(' ')}`

/** The highest version of each workspace that anything tells of. A cursor never was above its counter. */
const HANDED_OUT = `
  SELECT workspace_id, MAX(version) AS version FROM (
    SELECT workspace_id, server_version AS version FROM change_log
    UNION ALL SELECT workspace_id, server_version FROM op_receipts
    UNION ALL SELECT workspace_id, last_seen_version FROM device_cursors
    UNION ALL ${STATE_VERSIONS})
  GROUP BY workspace_id`

const GENERAL: readonly Check[] = [
  {
    name: 'counter', message: 'The counter is behind a version that was handed out.',
    sql: `
      SELECT v.workspace_id, CAST(v.version AS TEXT) AS subject FROM (${HANDED_OUT}) AS v
      LEFT JOIN server_version_counter AS c ON c.workspace_id = v.workspace_id
      WHERE c.value IS NULL OR c.value < v.version`,
    // As after a restore: nobody knows what else was handed out.
    repair: [`
      INSERT INTO lineages (id, reason, version_floor, started_at)
      SELECT lower(hex(randomblob(16))), 'A counter was mended.', 0, unixepoch()
      WHERE EXISTS (
        SELECT 1 FROM (${HANDED_OUT}) AS v LEFT JOIN server_version_counter AS c ON c.workspace_id = v.workspace_id
        WHERE c.value IS NULL OR c.value < v.version)`, `
      INSERT INTO server_version_counter (workspace_id, value, log_floor)
      SELECT v.workspace_id, MAX(v.version, (SELECT COALESCE(MAX(version_floor), 0) FROM lineages)) + ${JUMP}, COALESCE((
        SELECT MAX(s.version) FROM (${STATE_VERSIONS}) AS s
        WHERE s.workspace_id = v.workspace_id
          AND NOT EXISTS (SELECT 1 FROM change_log AS l WHERE l.workspace_id = s.workspace_id AND l.server_version = s.version)), 0)
      FROM (${HANDED_OUT}) AS v LEFT JOIN server_version_counter AS c ON c.workspace_id = v.workspace_id
      WHERE c.value IS NULL OR c.value < v.version
      ON CONFLICT (workspace_id) DO UPDATE SET value = excluded.value`],
  },
  {
    name: 'gap', message: 'Versions before this one are missing, and neither a receipt nor a jump explains it.',
    sql: `
      SELECT workspace_id, CAST(version AS TEXT) AS subject FROM (
        SELECT workspace_id, version, LAG(version, 1, 0) OVER (PARTITION BY workspace_id ORDER BY version) AS before FROM (
          SELECT workspace_id, server_version AS version FROM change_log UNION SELECT workspace_id, server_version FROM op_receipts)) AS v
      WHERE version > before + 1
        AND NOT (version - before > ${JUMP} AND EXISTS (SELECT 1 FROM lineages))
        AND before > 0
        AND NOT EXISTS (
          SELECT 1 FROM lineages AS a LEFT JOIN change_log AS l ON l.workspace_id = v.workspace_id AND l.server_version = v.version
          WHERE a.reason = '${ADOPTED}' AND COALESCE(l.created_at, 0) <= a.started_at)
        AND NOT EXISTS (
          SELECT 1 FROM change_log AS l
          WHERE l.workspace_id = v.workspace_id AND l.server_version = v.version AND l.created_at < unixepoch() - ${RECEIPT_RETENTION_SECONDS})`,
  },
  {
    name: 'cursor', message: 'A device cursor is ahead of the counter; mending the counter mends it.',
    sql: `
      SELECT d.workspace_id, d.user_id || '/' || d.device_id AS subject FROM device_cursors AS d
      LEFT JOIN server_version_counter AS c ON c.workspace_id = d.workspace_id
      WHERE d.last_seen_version > COALESCE(c.value, 0)`,
  },
  {
    name: 'owner', message: 'A workspace has members and no owner. Give it one with "workspaces transfer".',
    sql: `
      SELECT w.id AS workspace_id, w.name AS subject FROM workspaces AS w
      WHERE w.deleted_at_ms IS NULL
        AND NOT EXISTS (SELECT 1 FROM workspace_members AS m WHERE m.workspace_id = w.id AND m.role = 'owner')`,
  },
  {
    name: 'home', message: 'A user\'s active workspace is one that they are no member of, or that was removed.',
    sql: `
      SELECT u.active_workspace_id AS workspace_id, u.id AS subject FROM users AS u
      WHERE u.active_workspace_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM workspace_members AS m JOIN workspaces AS w ON w.id = m.workspace_id
        WHERE m.workspace_id = u.active_workspace_id AND m.user_id = u.id AND w.deleted_at_ms IS NULL)`,
    repair: [`
      UPDATE users SET active_workspace_id = NULL
      WHERE active_workspace_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM workspace_members AS m JOIN workspaces AS w ON w.id = m.workspace_id
        WHERE m.workspace_id = users.active_workspace_id AND m.user_id = users.id AND w.deleted_at_ms IS NULL)`],
  },
]

function checksOf(table: SyncedTable): Check[] {
  const state = STATE_OF(table)
  const owner = table === 'notifications' ? ', owner_user_id' : ''
  const ownerOf = table === 'notifications' ? ', l.owner_user_id' : ''
  const subject = (alias: string) => `'${table}/' || ${alias}.pk AS subject`
  /** Of a row and a tombstone of one key the one with the greater revision stays. */
  const liveOrDeleted = [
    `DELETE FROM ${state} WHERE EXISTS (
      SELECT 1 FROM tombstones AS t WHERE t.workspace_id = ${state}.workspace_id AND t.table_name = '${table}' AND t.pk = ${state}.pk
        AND ${REVISION('t')} > ${REVISION(state)})`,
    `DELETE FROM tombstones WHERE table_name = '${table}' AND EXISTS (
      SELECT 1 FROM ${state} AS r WHERE r.workspace_id = tombstones.workspace_id AND r.pk = tombstones.pk)`,
  ]
  return [
    {
      name: 'both', message: 'A key is live and deleted at once.',
      sql: `
        SELECT r.workspace_id, ${subject('r')} FROM ${state} AS r
        JOIN tombstones AS t ON t.workspace_id = r.workspace_id AND t.table_name = '${table}' AND t.pk = r.pk`,
      repair: liveOrDeleted,
    },
    {
      name: 'behind', message: 'The log has a newer write of this key than its row or tombstone.',
      sql: `
        SELECT DISTINCT l.workspace_id, ${subject('l')} FROM change_log AS l
        WHERE l.table_name = '${table}'
          AND NOT EXISTS (SELECT 1 FROM ${state} AS r WHERE r.workspace_id = l.workspace_id AND r.pk = l.pk AND ${REVISION('r')} >= ${REVISION('l')})
          AND NOT EXISTS (
            SELECT 1 FROM tombstones AS t
            WHERE t.workspace_id = l.workspace_id AND t.table_name = '${table}' AND t.pk = l.pk AND ${REVISION('t')} >= ${REVISION('l')})`,
      repair: [
        `INSERT INTO ${state} (workspace_id, pk, payload_json, clock, hlc, op_id, server_version, created_version${owner})
        SELECT l.workspace_id, l.pk, l.payload_json, l.clock, l.hlc, l.op_id, l.server_version, l.server_version${ownerOf} FROM change_log AS l
        WHERE l.table_name = '${table}' AND l.deleted = 0
          AND NOT EXISTS (
            SELECT 1 FROM tombstones AS t
            WHERE t.workspace_id = l.workspace_id AND t.table_name = '${table}' AND t.pk = l.pk AND ${REVISION('t')} >= ${REVISION('l')})
          AND NOT EXISTS (
            SELECT 1 FROM change_log AS n
            WHERE n.workspace_id = l.workspace_id AND n.table_name = '${table}' AND n.pk = l.pk AND ${REVISION('n')} > ${REVISION('l')})
        ON CONFLICT (workspace_id, pk) DO UPDATE SET
          payload_json = excluded.payload_json, clock = excluded.clock, hlc = excluded.hlc, op_id = excluded.op_id, server_version = excluded.server_version
        WHERE ${REVISION('excluded')} > ${REVISION(state)}`,
        `INSERT INTO tombstones (workspace_id, table_name, pk, clock, hlc, op_id, server_version, owner_user_id, deleted_at)
        SELECT l.workspace_id, l.table_name, l.pk, l.clock, l.hlc, l.op_id, l.server_version, l.owner_user_id, l.created_at FROM change_log AS l
        WHERE l.table_name = '${table}' AND l.deleted = 1
          AND NOT EXISTS (SELECT 1 FROM ${state} AS r WHERE r.workspace_id = l.workspace_id AND r.pk = l.pk AND ${REVISION('r')} >= ${REVISION('l')})
          AND NOT EXISTS (
            SELECT 1 FROM change_log AS n
            WHERE n.workspace_id = l.workspace_id AND n.table_name = '${table}' AND n.pk = l.pk AND ${REVISION('n')} > ${REVISION('l')})
        ON CONFLICT (workspace_id, table_name, pk) DO UPDATE SET
          clock = excluded.clock, hlc = excluded.hlc, op_id = excluded.op_id, server_version = excluded.server_version, deleted_at = excluded.deleted_at
        WHERE ${REVISION('excluded')} > ${REVISION('tombstones')}`,
        ...liveOrDeleted,
      ],
    },
    {
      name: 'other', message: 'A row is not what its log entry says.',
      sql: `
        SELECT r.workspace_id, ${subject('r')} FROM ${state} AS r
        JOIN change_log AS l ON l.workspace_id = r.workspace_id AND l.server_version = r.server_version
        WHERE l.table_name <> '${table}' OR l.pk <> r.pk OR l.op_id <> r.op_id OR l.payload_json IS NOT r.payload_json`,
    },
    {
      name: 'lost', message: 'A row has neither a log entry nor a receipt.',
      sql: `
        SELECT r.workspace_id, ${subject('r')} FROM ${state} AS r
        WHERE NOT EXISTS (SELECT 1 FROM change_log AS l WHERE l.workspace_id = r.workspace_id AND l.server_version = r.server_version)
          AND NOT EXISTS (SELECT 1 FROM op_receipts AS p WHERE p.workspace_id = r.workspace_id AND p.op_id = r.op_id)
          AND r.server_version > COALESCE((SELECT log_floor FROM server_version_counter AS c WHERE c.workspace_id = r.workspace_id), 0)`,
    },
    {
      name: 'json', message: 'A row\'s payload is not JSON.',
      sql: `SELECT r.workspace_id, ${subject('r')} FROM ${state} AS r WHERE NOT json_valid(r.payload_json)`,
      // From its log entry, if that is sound. Where both are JSON and differ, nobody knows which one is right.
      repair: [`
        UPDATE ${state} SET payload_json = l.payload_json FROM change_log AS l
        WHERE l.workspace_id = ${state}.workspace_id AND l.server_version = ${state}.server_version
          AND l.table_name = '${table}' AND l.pk = ${state}.pk AND l.op_id = ${state}.op_id
          AND NOT json_valid(${state}.payload_json) AND json_valid(l.payload_json)`],
    },
  ]
}

/** After the rows, from which it is told. */
const REFERENCES: Check = {
  name: 'reference', message: 'Which files a message or post mentions is not noted as the row says it.',
  sql: `
    SELECT workspace_id, source_table || '/' || source_id AS subject FROM (
      SELECT * FROM (${MENTIONED_FILES} EXCEPT SELECT workspace_id, source_table, source_id, hash FROM file_references)
      UNION ALL SELECT * FROM (SELECT workspace_id, source_table, source_id, hash FROM file_references EXCEPT ${MENTIONED_FILES}))`,
  repair: ['DELETE FROM file_references', `INSERT INTO file_references (workspace_id, source_table, source_id, hash) ${MENTIONED_FILES}`],
}

/** In the order in which they are made and mended. */
export const CHECKS: readonly Check[] = [...GENERAL, ...SYNCED_TABLES.flatMap(checksOf), REFERENCES]
