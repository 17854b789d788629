/** Written by the module at build time for the registries the host has (src/registries.ts). */
declare module '#or3-sqlite/registrations' {
  import type { AuthWorkspaceStore, SyncGatewayAdapter } from './host/contract'

  interface RegistryItem<Instance> {
    id: string
    order?: number
    create(): Instance
  }

  export const registerAuthWorkspaceStore: ((item: RegistryItem<AuthWorkspaceStore>) => void) | undefined
  export const registerSyncGatewayAdapter: ((item: RegistryItem<SyncGatewayAdapter>) => void) | undefined
}
