import { useRuntimeConfig } from '#imports'
import { Registry } from '../../registry'
import type { WebhookStore } from './types'

interface Item {
  id: string
  order?: number
  create(): WebhookStore
}

const registry = new Registry<Item>()

export function registerWebhookStore(item: Item): void {
  registry.register(item)
}

export function getActiveWebhookStore(): WebhookStore | null {
  return registry.get(useRuntimeConfig().sync.provider)?.create() ?? null
}
