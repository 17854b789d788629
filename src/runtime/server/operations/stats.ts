import type { Engine } from '../engine/engine'
import { ask, prepared } from '../engine/engine'
import { SYNCED_TABLES } from '../sync/tables'

export interface WorkspaceStats {
  readonly id: string
  /** Null for one that no store of ours made. */
  readonly name: string | null
  readonly deleted: boolean
  readonly version: number
  readonly rows: number
  readonly tombstones: number
  readonly entries: number
  readonly receipts: number
  /** UTF-8 bytes of the payloads of rows and log. */
  readonly bytes: number
  /** The lowest version the log still has; null where it is empty. */
  readonly oldestVersion: number | null
  readonly devices: number
  /** The device that is furthest behind, what it is waiting for, and when it was last seen (seconds). It keeps history from being collected (hazard F8). */
  readonly slowest: { readonly userId: string, readonly deviceId: string, readonly behind: number, readonly seenAt: number } | null
}

export interface DeviceStats {
  readonly userId: string
  readonly deviceId: string
  readonly cursor: number
  readonly behind: number
  /** Seconds. */
  readonly seenAt: number
}

export interface Stats {
  readonly workspaces: readonly WorkspaceStats[]
  readonly pages: number
  readonly freePages: number
  readonly pageBytes: number
  readonly users: number
  /** When the last verified backup was made, in milliseconds. */
  readonly lastBackupMs: number | null
}

const workspaces = prepared<{ id: string, name: string | null, deleted: number }>(`
  SELECT c.workspace_id AS id, w.name, w.deleted_at_ms IS NOT NULL AS deleted
  FROM server_version_counter AS c LEFT JOIN workspaces AS w ON w.id = c.workspace_id
  UNION SELECT id, name, deleted_at_ms IS NOT NULL FROM workspaces ORDER BY 1`)

const history = prepared<{ version: number, entries: number, bytes: number, oldest: number | null, receipts: number, tombstones: number, devices: number }>(`
  SELECT
    COALESCE((SELECT value FROM server_version_counter WHERE workspace_id = ?), 0) AS version,
    COUNT(*) AS entries, COALESCE(SUM(octet_length(payload_json)), 0) AS bytes, MIN(server_version) AS oldest,
    (SELECT COUNT(*) FROM op_receipts WHERE workspace_id = ?) AS receipts,
    (SELECT COUNT(*) FROM tombstones WHERE workspace_id = ?) AS tombstones,
    (SELECT COUNT(*) FROM device_cursors WHERE workspace_id = ?) AS devices
  FROM change_log WHERE workspace_id = ?`)

const live = prepared<{ rows: number, bytes: number }>(`
  SELECT SUM(rows) AS rows, SUM(bytes) AS bytes FROM (${SYNCED_TABLES.map(table => `
    SELECT COUNT(*) AS rows, COALESCE(SUM(octet_length(payload_json)), 0) AS bytes FROM s_${table} WHERE workspace_id = ?`).join(' UNION ALL ')})`)

const slowest = prepared<{ user_id: string, device_id: string, last_seen_version: number, updated_at: number }>(`
  SELECT user_id, device_id, last_seen_version, updated_at FROM device_cursors WHERE workspace_id = ? ORDER BY last_seen_version, updated_at LIMIT 1`)

const devicesOf = prepared<{ user_id: string, device_id: string, last_seen_version: number, behind: number, updated_at: number }>(`
  SELECT d.user_id, d.device_id, d.last_seen_version, c.value - d.last_seen_version AS behind, d.updated_at
  FROM device_cursors AS d JOIN server_version_counter AS c ON c.workspace_id = d.workspace_id
  WHERE d.workspace_id = ? ORDER BY d.last_seen_version, d.updated_at`)

const file = prepared<Omit<Stats, 'workspaces'>>(`
  SELECT
    (SELECT page_count FROM pragma_page_count) AS pages, (SELECT freelist_count FROM pragma_freelist_count) AS freePages,
    (SELECT page_size FROM pragma_page_size) AS pageBytes, (SELECT COUNT(*) FROM users) AS users,
    (SELECT done_at_ms FROM chores WHERE name = 'backup') AS lastBackupMs`)

/** What is in the database, workspace by workspace. Counts every row, so it takes its time with many. Throws DatabaseError. */
export async function collectStats(engine: Engine, only?: string): Promise<Stats> {
  const found = (await engine.all(workspaces())).filter(({ id }) => only === undefined || id === only)
  const list: WorkspaceStats[] = []
  for (const { id, name, deleted } of found) list.push({ id, name, deleted: deleted === 1, ...await statsOf(engine, id) })
  const [totals] = await engine.all(file())
  return { workspaces: list, pages: 0, freePages: 0, pageBytes: 0, users: 0, lastBackupMs: null, ...totals }
}

/** The devices of a workspace, the one furthest behind first. Throws DatabaseError. */
export async function listDevices(engine: Engine, workspaceId: string): Promise<DeviceStats[]> {
  const rows = await engine.all(devicesOf(workspaceId))
  return rows.map(row => ({ userId: row.user_id, deviceId: row.device_id, cursor: row.last_seen_version, behind: row.behind, seenAt: row.updated_at }))
}

function statsOf(engine: Engine, id: string): Promise<Omit<WorkspaceStats, 'id' | 'name' | 'deleted'>> {
  return engine.read(function* () {
    const [log] = yield* ask(history(id, id, id, id, id))
    const [rows] = yield* ask(live(...SYNCED_TABLES.map(() => id)))
    const [device] = yield* ask(slowest(id))
    const version = log?.version ?? 0
    return {
      version,
      rows: rows?.rows ?? 0,
      tombstones: log?.tombstones ?? 0,
      entries: log?.entries ?? 0,
      receipts: log?.receipts ?? 0,
      bytes: (log?.bytes ?? 0) + (rows?.bytes ?? 0),
      oldestVersion: log?.oldest ?? null,
      devices: log?.devices ?? 0,
      slowest: device ? { userId: device.user_id, deviceId: device.device_id, behind: version - device.last_seen_version, seenAt: device.updated_at } : null,
    }
  })
}
