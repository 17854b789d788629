import type { Engine } from '../engine/engine'
import { prepared } from '../engine/engine'
import type { MaintenanceMethods, MaintenanceState } from '../host/contract'
import { answer } from '../host/errors'

const MAX_ERROR_LENGTH = 500

const liveWorkspaces = prepared<{ id: string }>('SELECT id FROM workspaces WHERE deleted_at_ms IS NULL ORDER BY id')

/**
 * What the host's maintenance plugin keeps with us (contract §2.2.6). Its state is that of this process: the
 * host runs maintenance when it starts, so there is nothing to remember. A failed run says so and leaves
 * everything else available.
 */
export function createMaintenance(engine: Engine, enabled: boolean): MaintenanceMethods {
  let state: MaintenanceState = { enabled, state: 'idle' }
  return {
    async listWorkspaceIds() {
      const rows = await answer(engine.all(liveWorkspaces()), error => error)
      return rows.map(row => row.id)
    },
    getMaintenanceState: () => ({ ...state }),
    beginMaintenanceRun() {
      state = { ...state, state: 'running' }
    },
    completeMaintenanceRun({ lastRun }) {
      state = { enabled, state: 'idle', lastRun }
    },
    failMaintenanceRun(error) {
      state = { ...state, state: 'failed', lastError: String(error).slice(0, MAX_ERROR_LENGTH) }
    },
  }
}
