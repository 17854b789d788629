import { createError } from 'h3'
import { useRuntimeConfig } from '#imports'
import { Registry } from '../../utils/registry'
import type { ConnectStore } from './types'

interface Item {
  id: string
  order?: number
  create(): ConnectStore
}

const registry = new Registry<Item>()

export function registerConnectStore(item: Item): void {
  registry.register(item)
}

export function getActiveConnectStore(): ConnectStore | null {
  const { connect } = useRuntimeConfig()
  return connect.enabled ? registry.get(connect.provider)?.create() ?? null : null
}

export function requireConnectStore(): ConnectStore {
  const store = getActiveConnectStore()
  if (!store) throw createError({ statusCode: 503, statusMessage: 'Remote access is not available on this OR3 installation.' })
  return store
}
