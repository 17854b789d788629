import type { H3Event } from 'h3'
import { createError } from 'h3'
import { useRuntimeConfig } from '#imports'
import { Registry } from '../../utils/registry'
import type { AdminUserStore, WorkspaceAccessStore, WorkspaceSettingsStore } from './types'

interface Item {
  id: string
  order?: number
  createWorkspaceAccessStore(event: H3Event): WorkspaceAccessStore
  createWorkspaceSettingsStore(event: H3Event): WorkspaceSettingsStore
  createAdminUserStore(event: H3Event): AdminUserStore
}

const registry = new Registry<Item>()

export function registerAdminStoreProvider(item: Item): void {
  registry.register(item)
}

export function getWorkspaceAccessStore(event: H3Event): WorkspaceAccessStore {
  return requireProvider().createWorkspaceAccessStore(event)
}

export function getWorkspaceSettingsStore(event: H3Event): WorkspaceSettingsStore {
  return requireProvider().createWorkspaceSettingsStore(event)
}

export function getAdminUserStore(event: H3Event): AdminUserStore {
  return requireProvider().createAdminUserStore(event)
}

function requireProvider(): Item {
  const { provider } = useRuntimeConfig().sync
  const item = registry.get(provider)
  if (!item) throw createError({ statusCode: 501, statusMessage: `Admin stores not implemented for provider: ${provider}` })
  return item
}
