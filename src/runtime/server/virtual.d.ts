/** Written by the module at build time for the registries the host has (src/registries.ts). */
declare module '#or3-sqlite/registrations' {
  import type { EmitHook } from './hook-queue'
  import type { AdminStoreProvider, DeploymentAdminChecker, ProviderAdminAdapter } from './host/admin-contract'
  import type { ConnectStore, ConnectStoreErrorClass } from './host/connect-contract'
  import type { AuthWorkspaceStore, SyncGatewayAdapter } from './host/contract'
  import type { BackgroundJobProvider, JobConfig, NotificationEmitter, RateLimitProvider } from './host/jobs-contract'
  import type { WebhookStore } from './host/webhook-contract'

  interface RegistryItem<Instance> {
    id: string
    order?: number
    create(): Instance
  }

  type Register<Instance> = ((item: RegistryItem<Instance>) => void) | undefined
  type RegisterInstance<Instance> = ((id: string, instance: Instance) => void) | undefined

  export const registerAuthWorkspaceStore: Register<AuthWorkspaceStore>
  export const registerSyncGatewayAdapter: Register<SyncGatewayAdapter>
  export const registerAdminStoreProvider: ((item: AdminStoreProvider) => void) | undefined
  export const registerProviderAdminAdapter: ((adapter: ProviderAdminAdapter) => void) | undefined
  export const registerDeploymentAdminChecker: RegisterInstance<() => DeploymentAdminChecker>
  export const registerWebhookStore: Register<WebhookStore>
  export const registerConnectStore: Register<ConnectStore>
  export const registerRateLimitProvider: RegisterInstance<RateLimitProvider>
  export const registerBackgroundJobProvider: RegisterInstance<BackgroundJobProvider>
  export const registerNotificationEmitter: RegisterInstance<NotificationEmitter>

  export const ConnectStoreError: ConnectStoreErrorClass | undefined
  export const getJobConfig: (() => Partial<JobConfig> | undefined) | undefined
  export const emitWebhookSystemHook: EmitHook | undefined
  /** Whether the host's devices can bootstrap from a snapshot. */
  export const hostHasSnapshots: boolean
}
