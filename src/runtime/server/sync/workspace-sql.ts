import type { Reading } from '../engine/engine'
import { ask, prepared } from '../engine/engine'

/** The workspace was removed; nothing was written. */
export class WorkspaceRemovedError extends Error {
  override readonly name = 'WorkspaceRemovedError'
}

/** A row if the workspace was removed. One that no store of ours made counts as there. */
export const removedWorkspace = prepared<{ id: string }>(`
  SELECT id FROM workspaces WHERE id = ? AND deleted_at_ms IS NOT NULL`)

/** The version of a workspace and the floor below which its history was collected. */
const readCounter = prepared<{ value: number, log_floor: number }>(`
  SELECT value, log_floor FROM server_version_counter WHERE workspace_id = ?`)

export interface Counter {
  readonly value: number
  readonly logFloor: number
}

/** The counter of a workspace, 0 before its first push. Throws {@link WorkspaceRemovedError}. */
export function* counterOf(workspaceId: string): Reading<Counter> {
  if ((yield* ask(removedWorkspace(workspaceId))).length > 0) throw new WorkspaceRemovedError()
  const [row] = yield* ask(readCounter(workspaceId))
  return { value: row?.value ?? 0, logFloor: row?.log_floor ?? 0 }
}
