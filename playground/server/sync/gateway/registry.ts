import { useRuntimeConfig } from '#imports'
import { Registry } from '../../utils/registry'
import type { SyncGatewayAdapter } from './types'

interface Item {
  id: string
  order?: number
  create(): SyncGatewayAdapter
}

const registry = new Registry<Item>()
const instances = new Map<string, SyncGatewayAdapter>()

export function registerSyncGatewayAdapter(item: Item): void {
  instances.delete(item.id)
  registry.register(item)
}

/** One instance per id for the life of the process. */
export function getSyncGatewayAdapter(id: string | undefined): SyncGatewayAdapter | null {
  const item = registry.get(id)
  if (!item) return null
  const adapter = instances.get(item.id) ?? item.create()
  instances.set(item.id, adapter)
  return adapter
}

export function getActiveSyncGatewayAdapter(): SyncGatewayAdapter | null {
  return getSyncGatewayAdapter(useRuntimeConfig().public.sync.provider)
}

export function listSyncGatewayAdapterIds(): string[] {
  return registry.ids()
}
