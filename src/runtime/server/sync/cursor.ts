import type { Engine } from '../engine/engine'
import { prepared } from '../engine/engine'
import { isText } from '../input'
import { MAX_DEVICE_ID_LENGTH } from './check-op'
import { removedWorkspace, WorkspaceRemovedError } from './workspace-sql'

/** Never goes back and never ahead of the counter, whatever parallel tabs and restored files report (trap S18). */
const saveCursor = prepared<never>(`
  INSERT INTO device_cursors (workspace_id, user_id, device_id, last_seen_version, updated_at)
  SELECT ?, ?, ?,
    MIN(?, COALESCE((SELECT value FROM server_version_counter WHERE workspace_id = ?), 0)), ?
  WHERE NOT EXISTS (SELECT 1 FROM workspaces WHERE id = ? AND deleted_at_ms IS NOT NULL)
  ON CONFLICT (workspace_id, user_id, device_id) DO UPDATE SET
    last_seen_version = MAX(last_seen_version, excluded.last_seen_version),
    updated_at = excluded.updated_at`)

export interface DeviceCursor {
  readonly workspaceId: string
  readonly userId: string
  readonly deviceId: string
  readonly version: number
}

/** The device id as it is stored and whether the report can be taken at all. */
export function checkCursor(deviceId: unknown, version: unknown): { deviceId: string, version: number } | undefined {
  if (typeof deviceId !== 'string' || typeof version !== 'number') return undefined
  const trimmed = deviceId.trim()
  return isText(trimmed, MAX_DEVICE_ID_LENGTH) && Number.isSafeInteger(version) && version >= 0 ? { deviceId: trimmed, version } : undefined
}

/**
 * Remembers how far a user's device has come. `nowMs`: milliseconds.
 * Throws WorkspaceRemovedError and DatabaseError.
 */
export async function updateCursor(engine: Engine, cursor: DeviceCursor, nowMs: number): Promise<void> {
  const { workspaceId, userId, deviceId, version } = cursor
  const removed = removedWorkspace(workspaceId)
  const result = await engine.batch([
    saveCursor(workspaceId, userId, deviceId, version, workspaceId, Math.floor(nowMs / 1000), workspaceId),
    removed,
  ])
  if (result.rowsOf(removed).length > 0) throw new WorkspaceRemovedError()
}
