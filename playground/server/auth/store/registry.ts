import { Registry } from '../../utils/registry'
import type { AuthWorkspaceStore } from './types'

interface Item {
  id: string
  order?: number
  create(): AuthWorkspaceStore
}

const registry = new Registry<Item>()

export function registerAuthWorkspaceStore(item: Item): void {
  registry.register(item)
}

/** A new store for each lookup, as in the real host. */
export function getAuthWorkspaceStore(id: string | undefined): AuthWorkspaceStore | null {
  return registry.get(id)?.create() ?? null
}

export function listAuthWorkspaceStoreIds(): string[] {
  return registry.ids()
}
