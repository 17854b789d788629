import type { H3Event } from 'h3'

/** What the host asks of a provider for its status page (contract §2.8). */
export interface ProviderAdminAdapter {
  id: string
  kind: 'auth' | 'sync' | 'storage'
  getStatus(event: H3Event, context: { enabled: boolean, provider: string }): Promise<{
    details?: Record<string, unknown>
    warnings: { level: 'warning' | 'error', message: string }[]
    actions: { id: string, label: string, description?: string }[]
  }>
  runAction?(event: H3Event, actionId: string, payload: unknown, context: { provider: string, enabled: boolean, session: unknown }): Promise<unknown>
}

const adapters = new Map<string, ProviderAdminAdapter>()

export function registerProviderAdminAdapter(adapter: ProviderAdminAdapter): void {
  adapters.set(`${adapter.kind}:${adapter.id}`, adapter)
}

export function getProviderAdminAdapter(kind: ProviderAdminAdapter['kind'], id: string): ProviderAdminAdapter | null {
  return adapters.get(`${kind}:${id}`) ?? null
}
