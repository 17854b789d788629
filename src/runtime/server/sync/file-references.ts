import type { Statement } from '../engine/engine'
import { NEW_ENTRIES } from './push-sql'
import type { SyncedTable } from './tables'

/*
 * Which live messages and posts mention which file (contract §2.2.9). Kept by the push that changes them:
 * triggers would do the same, but a table with triggers makes SQLite write every INSERT ... SELECT to a
 * transient table first (measured: a push of one op took a quarter longer).
 */

const TRIMMED = (text: string) => `trim(${text}, char(9, 10, 11, 12, 13, 32))`
/* As migration 004 and storage/rules.ts have it. */
const NORMALIZED = (hash: string) => TRIMMED(`CASE
    WHEN lower(${TRIMMED(hash)}) LIKE 'sha256:%' THEN substr(lower(${TRIMMED(hash)}), 8)
    WHEN lower(${TRIMMED(hash)}) LIKE 'md5:%' THEN substr(lower(${TRIMMED(hash)}), 5)
    ELSE lower(${TRIMMED(hash)}) END`)
/** Longer text is no hash, and would not fit a cursor (storage/page-key.ts). */
const MAX_HASH_BYTES = 128

const CHANGED = (table: string) => `SELECT l.pk FROM change_log AS l WHERE ${NEW_ENTRIES} AND l.table_name = '${table}'`

/** What the rows that changed mentioned before; a row whose new write lost still mentions what it did. */
const FORGET = (table: string) => `
  DELETE FROM file_references
  WHERE workspace_id = ? AND source_table = '${table}' AND source_id IN (${CHANGED(table)})
    AND NOT EXISTS (
      SELECT 1 FROM s_${table} AS r
      WHERE r.workspace_id = file_references.workspace_id AND r.pk = file_references.source_id
        AND r.server_version <= (SELECT value FROM server_version_counter WHERE workspace_id = r.workspace_id))`

/** `file_hashes` is an array, or the JSON text of one; anything else mentions nothing. */
const MENTIONED = (table: string, which: string) => `
  SELECT DISTINCT r.workspace_id AS workspace_id, '${table}' AS source_table, r.pk AS source_id, ${NORMALIZED('f.value')} AS hash
  FROM s_${table} AS r,
    json_each(CASE json_type(r.payload_json, '$.file_hashes')
      WHEN 'array' THEN r.payload_json -> '$.file_hashes'
      WHEN 'text' THEN CASE WHEN json_valid(r.payload_json ->> '$.file_hashes') THEN r.payload_json ->> '$.file_hashes' ELSE '[]' END
      ELSE '[]' END) AS f
  WHERE ${which} f.type = 'text' AND octet_length(${NORMALIZED('f.value')}) BETWEEN 1 AND ${MAX_HASH_BYTES}`

const REMEMBER = (table: string) => `
  INSERT INTO file_references (workspace_id, source_table, source_id, hash)
  ${MENTIONED(table, `r.workspace_id = ? AND r.pk IN (${CHANGED(table)})
    AND r.server_version > (SELECT value FROM server_version_counter WHERE workspace_id = r.workspace_id) AND`)}`

/** What the references must be, told from all rows: workspace_id, source_table, source_id, hash. */
export const MENTIONED_FILES = `SELECT * FROM (${MENTIONED('messages', 'json_valid(r.payload_json) AND')} UNION ALL ${MENTIONED('posts', 'json_valid(r.payload_json) AND')})`

const SQL = Object.fromEntries((['messages', 'posts'] as const).map(table => [table, { forget: FORGET(table), remember: REMEMBER(table) }]))

/** Whether a payload may mention a file. */
export function mayMention(payloadJson: string | null): boolean {
  return payloadJson?.includes('"file_hashes"') === true
}

/** The statements that follow the fold of a table; none for tables that mention no files. */
export function keepReferences(workspaceId: string, table: SyncedTable, mentions: boolean): Statement[] {
  const sql = SQL[table]
  if (!sql) return []
  const parameters = [workspaceId, workspaceId, workspaceId]
  return [{ sql: sql.forget, parameters }, ...mentions ? [{ sql: sql.remember, parameters }] : []]
}
