import { createAdminAdapter } from './admin/adapter'
import { createAdminStores, createDeploymentAdminChecker } from './admin/stores'
import type { Clock } from './clock'
import type { Config } from './config'
import { wipeCredentials } from './connect/records'
import { createConnectStore } from './connect/store'
import type { Engine } from './engine/engine'
import type { HookQueue } from './hook-queue'
import type { AdminStoreProvider, DeploymentAdminChecker, ProviderAdminAdapter } from './host/admin-contract'
import type { ConnectStore, ConnectStoreErrorClass } from './host/connect-contract'
import type { AuthWorkspaceStore, InviteMethods, SyncGatewayAdapter } from './host/contract'
import type { BackgroundJobProvider, JobConfig, NotificationEmitter, RateLimitProvider } from './host/jobs-contract'
import { eventFor } from './host/session'
import type { WebhookStore } from './host/webhook-contract'
import type { Chore } from './housekeeping'
import { createJobStore } from './jobs/store'
import { observed } from './metrics/observed'
import type { Metrics } from './metrics/prometheus'
import type { CareParts } from './operations/care'
import { careChores } from './operations/care'
import { createNotificationEmitter } from './notifications/emitter'
import { createRateLimits, dropExpiredLimits } from './rate-limit/store'
import { createStorageMethods } from './storage/store'
import { dropOldIntents } from './storage/upload-intents'
import { createSyncGateway } from './sync/gateway'
import { createMaintenance } from './sync/maintenance'
import { snapshotChore } from './sync/snapshot'
import { createWebhookStore } from './webhooks/store'
import { createWorkspaceStore } from './workspaces/store'

/** What this host brings that another one may not have (contract §1.5). */
export interface HostParts {
  /** The host's devices can bootstrap from a snapshot, as those of August 2026 can. */
  readonly snapshots: boolean
  /** Absent on hosts without Connect. */
  readonly ConnectStoreError?: ConnectStoreErrorClass | undefined
  readonly getJobConfig?: (() => Partial<JobConfig> | undefined) | undefined
}

/** One implementation for each registry of the host. */
export interface Stores {
  readonly workspaceStore: AuthWorkspaceStore & InviteMethods
  readonly syncGateway: SyncGatewayAdapter
  readonly adminStores: AdminStoreProvider
  readonly adminAdapter: ProviderAdminAdapter
  readonly deploymentAdminChecker: DeploymentAdminChecker
  readonly webhookStore: WebhookStore
  readonly connectStore: ConnectStore
  readonly rateLimits: RateLimitProvider
  readonly jobs: BackgroundJobProvider
  readonly notifications: NotificationEmitter
}

export interface StoreOptions {
  readonly engine: Engine
  readonly clock: Clock
  readonly config: Config
  readonly host: HostParts
  readonly hooks: HookQueue
  readonly onWrite: () => void
  readonly warn: (message: string) => void
  readonly metrics: Promise<Metrics | undefined> | undefined
}

/** A host without Connect never asks for its store, and has no class of errors for it. */
class NoConnectError extends Error {}

/** Puts the rooms together. They know the engine and the clock, and nothing of each other. */
export function createStores({ engine, clock, config, host, hooks, onWrite, warn, metrics }: StoreOptions): Stores {
  const base = { engine, clock }
  const syncGateway: SyncGatewayAdapter = {
    ...observed(createSyncGateway({
      ...base,
      bounds: config,
      snapshots: host.snapshots,
      onPush: (list) => {
        onWrite()
        hooks.add(list)
      },
      onOmitted: (rows, table) => warn(`A bootstrap left out ${rows} of ${table}: their payload lacks fields that every device needs.`),
    }), metrics),
    ...createMaintenance(engine, host.snapshots),
    ...createStorageMethods(base),
  }
  const workspaceStore = createWorkspaceStore({ ...base, signIn: config })
  return {
    workspaceStore,
    syncGateway,
    adminStores: createAdminStores(base),
    adminAdapter: createAdminAdapter({ ...base, gateway: syncGateway, driver: config.driver, inMemory: config.path === ':memory:' }),
    deploymentAdminChecker: createDeploymentAdminChecker(base),
    webhookStore: createWebhookStore(base),
    connectStore: createConnectStore({ engine, ConnectStoreError: host.ConnectStoreError ?? NoConnectError }),
    rateLimits: createRateLimits(base),
    jobs: createJobStore({ ...base, getJobConfig: host.getJobConfig }),
    notifications: createNotificationEmitter({
      clock,
      deliver: async (op, { workspaceId, userId }) => {
        if (await workspaceStore.getWorkspaceRole({ workspaceId, userId }) === null) return false
        const { results } = await syncGateway.push(eventFor(userId, workspaceId), { scope: { workspaceId }, ops: [op] })
        return results[0]?.success === true
      },
    }),
  }
}

export interface ChoreOptions extends Pick<StoreOptions, 'engine' | 'clock' | 'config' | 'host'> {
  readonly log: CareParts['log']
  readonly onCollected: (entries: number) => void
}

/** What expires by itself and is freed now and then (traps S19, I14, R1), and what the environment asks for. */
export function choresOf({ engine, clock, config, host, log, onCollected }: ChoreOptions): Chore[] {
  return [
    snapshotChore(engine, clock),
    () => dropOldIntents(engine, Math.floor(clock.now() / 1000)),
    () => dropExpiredLimits(engine, clock.now()),
    () => wipeCredentials(engine, clock.now()),
    ...careChores(config, { engine, clock, snapshots: host.snapshots, log, onCollected }),
  ]
}
