import { fromByteOrder } from '../byte-order'
import type { Engine } from '../engine/engine'
import { prepared } from '../engine/engine'
import { SYNCED_TABLES } from '../sync/tables'

export interface RecentChange {
  readonly workspaceId: string
  readonly version: number
  readonly table: string
  readonly pk: string
  readonly op: string
  readonly clock: number
  readonly deviceId: string
  /** Seconds. */
  readonly createdAt: number
  /** Another write of the key has a greater revision: of an earlier version, and this one lost, or of a later one. */
  readonly outcome: 'stands' | 'replaced' | 'lost'
}

const STATES = SYNCED_TABLES.map(table => `SELECT workspace_id, '${table}' AS table_name, pk, server_version FROM s_${table}`).join(' UNION ALL ')

const recent = prepared<{ workspace_id: string, server_version: number, table_name: string, pk: string, op: string, clock: number, device_id: string, created_at: number, standing: number | null }>(`
  SELECT l.workspace_id, l.server_version, l.table_name, l.pk, l.op, l.clock, l.device_id, l.created_at,
    COALESCE(
      (SELECT s.server_version FROM (${STATES}) AS s WHERE s.workspace_id = l.workspace_id AND s.table_name = l.table_name AND s.pk = l.pk),
      (SELECT t.server_version FROM tombstones AS t WHERE t.workspace_id = l.workspace_id AND t.table_name = l.table_name AND t.pk = l.pk)) AS standing
  FROM change_log AS l ORDER BY l.rowid DESC LIMIT ?`)

/** The newest log entries of all workspaces, without what they say. Throws DatabaseError. */
export async function recentChanges(engine: Engine, limit: number): Promise<RecentChange[]> {
  return (await engine.all(recent(limit))).map(row => ({
    workspaceId: row.workspace_id, version: row.server_version, table: row.table_name, pk: fromByteOrder(row.pk), op: row.op,
    clock: row.clock, deviceId: row.device_id, createdAt: row.created_at,
    outcome: row.standing === row.server_version ? 'stands' : row.standing !== null && row.standing < row.server_version ? 'lost' : 'replaced',
  }))
}
