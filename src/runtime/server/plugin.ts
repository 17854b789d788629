import { useRuntimeConfig } from '#imports'
import { registerAuthWorkspaceStore, registerSyncGatewayAdapter } from '#or3-sqlite/registrations'
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
 * checks right after this function returns that its providers are there (trap I7).
 */
export default function or3ProviderSqlite(nitroApp: NitroApp): void {
  const roles = selectRoles(useRuntimeConfig() as HostConfig)
  if (!roles.workspaceStore) return

  const provider = shareProvider(readConfig(process.env), { log: consola.withTag('or3-sqlite') })
  registerAuthWorkspaceStore?.({ id: 'sqlite', create: () => provider.workspaceStore })
  if (roles.syncGateway) registerSyncGatewayAdapter?.({ id: 'sqlite', create: () => provider.syncGateway })
  nitroApp.hooks.hook('close', () => provider.close())
}
