import { useRuntimeConfig } from '#imports'
import * as host from '#or3-sqlite/registrations'
import { consola } from 'consola'
import { readConfig } from './config'
import type { HostConfig } from './host/roles'
import { selectRoles } from './host/roles'
import { shareProvider } from './shared'

interface NitroApp {
  hooks: { hook(name: 'close', handler: () => Promise<void>): unknown }
}

/**
 * Everything up to the last registration happens in one tick: Nitro does not await plugins, and the host
 * checks right after this function returns that its providers are there (trap I7). Where this host has no
 * registry for a role, its function is undefined.
 */
export default function or3ProviderSqlite(nitroApp: NitroApp): void {
  const roles = selectRoles(useRuntimeConfig() as HostConfig)
  if (!roles.any) return

  const provider = shareProvider(readConfig(process.env), {
    log: consola.withTag('or3-sqlite'),
    host: {
      snapshots: host.hostHasSnapshots,
      ConnectStoreError: host.ConnectStoreError,
      getJobConfig: host.getJobConfig,
      emitHook: host.emitWebhookSystemHook,
    },
  })
  if (roles.workspaces) {
    host.registerAuthWorkspaceStore?.({ id: 'sqlite', create: () => provider.workspaceStore })
    host.registerAdminStoreProvider?.(provider.adminStores)
    host.registerProviderAdminAdapter?.(provider.adminAdapter)
    host.registerDeploymentAdminChecker?.('sqlite', () => provider.deploymentAdminChecker)
    host.registerWebhookStore?.({ id: 'sqlite', create: () => provider.webhookStore })
  }
  if (roles.syncGateway) {
    host.registerSyncGatewayAdapter?.({ id: 'sqlite', create: () => provider.syncGateway })
    host.registerNotificationEmitter?.('sqlite', provider.notifications)
  }
  if (roles.connect) host.registerConnectStore?.({ id: 'sqlite', create: () => provider.connectStore })
  host.registerRateLimitProvider?.('sqlite', provider.rateLimits)
  host.registerBackgroundJobProvider?.('sqlite', provider.jobs)
  nitroApp.hooks.hook('close', () => provider.close())
}
