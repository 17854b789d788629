import Database from 'better-sqlite3'

export interface LogEntry {
  version: number
  tableName: string
  pk: string
  op: 'put' | 'delete'
  deleted: 0 | 1
  clock: number
  hlc: string
  deviceId: string
  opId: string
  /** What a person recognises the change by, cut short. */
  summary: string | null
  createdAt: number
}

export interface Tombstone {
  tableName: string
  pk: string
  clock: number
  version: number
  deletedAt: number
}

export interface DeviceCursor {
  deviceId: string
  version: number
  updatedAt: number
}

/**
 * What the database holds of one workspace, for the page's view of the server. A look into the file with
 * a reader of its own: a real host never does this, it only talks to the provider. Times in seconds.
 */
export function readServerView(workspaceId: string, userId: string) {
  const db = new Database(process.env.OR3_SQLITE_DB_PATH, { readonly: true })
  try {
    return lookAt(db, workspaceId, userId)
  }
  finally {
    db.close()
  }
}

function lookAt(db: Database.Database, workspaceId: string, userId: string) {
  const all = <Row>(sql: string, ...values: string[]) => db.prepare<string[], Row>(sql).all(...values)
  const count = (table: string) => (db.prepare<[string], number>(`SELECT COUNT(*) FROM ${table} WHERE workspace_id = ?`).pluck().get(workspaceId) ?? 0)
  const live = ['threads', 'messages', 'projects', 'posts', 'kv', 'file_meta', 'notifications'].reduce((sum, table) => sum + count(`s_${table}`), 0)
  return {
    version: db.prepare<[string], number>('SELECT value FROM server_version_counter WHERE workspace_id = ?').pluck().get(workspaceId) ?? 0,
    counts: { log: count('change_log'), live, tombstones: count('tombstones') },
    log: all<LogEntry>(`
      SELECT server_version AS version, table_name AS tableName, pk, op, deleted, clock, hlc, device_id AS deviceId,
        op_id AS opId, created_at AS createdAt,
        substr(COALESCE(payload_json ->> '$.data.content', payload_json ->> '$.title'), 1, 200) AS summary
      FROM change_log
      WHERE workspace_id = ? AND (owner_user_id IS NULL OR owner_user_id = ?)
      ORDER BY server_version DESC LIMIT 40`, workspaceId, userId),
    tombstones: all<Tombstone>(`
      SELECT table_name AS tableName, pk, clock, server_version AS version, deleted_at AS deletedAt
      FROM tombstones
      WHERE workspace_id = ? AND (owner_user_id IS NULL OR owner_user_id = ?)
      ORDER BY server_version DESC LIMIT 20`, workspaceId, userId),
    cursors: all<DeviceCursor>(`
      SELECT device_id AS deviceId, last_seen_version AS version, updated_at AS updatedAt
      FROM device_cursors
      WHERE workspace_id = ? AND user_id = ?
      ORDER BY updated_at DESC, device_id LIMIT 20`, workspaceId, userId),
  }
}
