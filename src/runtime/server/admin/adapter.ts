import type { Clock } from '../clock'
import type { Engine } from '../engine/engine'
import type { ProviderAdminAdapter, ProviderStatus } from '../host/admin-contract'
import type { SyncGatewayAdapter } from '../host/contract'
import { refusal } from '../host/errors'
import { isRecord } from '../input'
import type { Health } from './canary'
import { Canary } from './canary'

/** What the host's own maintenance keeps (contract §2.2.6). */
const RETENTION_SECONDS = 31_536_000

const ACTIONS = {
  'sync.gc-change-log': { label: 'Collect sync history', description: 'Removes history that no device needs any more.' },
  'sync.gc-tombstones': { label: 'Collect tombstones', description: 'Tombstones are kept: they are small and keep deleted rows from coming back.' },
} as const

type ActionId = keyof typeof ACTIONS

export interface AdminAdapterOptions {
  readonly engine: Engine
  readonly gateway: Pick<SyncGatewayAdapter, 'gcChangeLog' | 'gcTombstones' | 'getMaintenanceState'>
  readonly clock: Clock
  readonly driver: string
  readonly inMemory: boolean
}

const FAULTS: Record<Exclude<Health, 'sound'>, string> = {
  unreadable: 'The database is not available. The server log says why.',
  unwritable: 'The database takes no writes. The disk may be full or read-only, or another process may hold its lock.',
  stale: 'What is written to the database cannot be read back.',
}

/** The provider's place on the host's status page (contract §2.8). */
export function createAdminAdapter({ engine, clock, gateway, driver, inMemory }: AdminAdapterOptions): ProviderAdminAdapter {
  const canary = new Canary(engine, clock)
  return {
    id: 'sqlite',
    kind: 'sync',

    /**
     * Never throws, or the page would not open. Anybody may read it through the host's deep health route
     * (trap I9): it names no path and no cause, and counts nothing that grows (trap I10).
     */
    async getStatus() {
      const maintenance = gateway.getMaintenanceState()
      const health = await canary.health()
      const warnings: ProviderStatus['warnings'] = [
        ...health === 'sound' ? [] : [{ level: 'error' as const, message: FAULTS[health] }],
        ...inMemory ? [{ level: 'warning' as const, message: 'The database is in memory: all data is lost when the server stops.' }] : [],
        ...maintenance.state === 'failed' ? [{ level: 'warning' as const, message: 'The last maintenance run failed. It is tried again within the hour.' }] : [],
      ]
      return {
        details: { driver, maintenance: { state: maintenance.state, ...maintenance.lastRun === undefined ? {} : { lastRun: maintenance.lastRun } } },
        warnings,
        actions: Object.entries(ACTIONS).map(([id, action]) => ({ id, ...action })),
      }
    },

    /** Runs for the session's workspace, or for `payload.workspaceId` where an admin has no session in one. Throws 400. */
    async runAction(_event, actionId, payload, context) {
      if (!isAction(actionId)) throw refusal(400, 'Unknown action')
      const workspaceId = workspaceOf(payload) ?? workspaceOf(isRecord(context?.session) ? context.session : undefined)
      if (workspaceId === undefined) throw refusal(400, 'Workspace not resolved')
      const request = { scope: { workspaceId }, retentionSeconds: RETENTION_SECONDS }
      // As the host itself: the admin was checked by the route, and may ask for any workspace.
      const removed = await (actionId === 'sync.gc-change-log' ? gateway.gcChangeLog({}, request) : gateway.gcTombstones({}, request))
      const { lastRun } = gateway.getMaintenanceState()
      return { ok: true, actionId, workspaceId, retentionSeconds: RETENTION_SECONDS, removed, ...lastRun === undefined ? {} : { lastRun } }
    },
  }
}

function isAction(id: unknown): id is ActionId {
  return typeof id === 'string' && Object.hasOwn(ACTIONS, id)
}

/** `{workspaceId}` of a payload, or `{workspace: {id}}` of a session. */
function workspaceOf(source: unknown): string | undefined {
  if (!isRecord(source)) return undefined
  const id = source.workspaceId ?? (isRecord(source.workspace) ? source.workspace.id : undefined)
  return typeof id === 'string' && id !== '' ? id : undefined
}
