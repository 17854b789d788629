import { defineEventHandler, getQuery } from 'h3'
import { useRuntimeConfig } from '#imports'
import { getProviderAdminAdapter } from '../admin/providers/registry'

/** Open to anybody, so nothing of it may be a secret (contract §2.8, trap I9). */
export default defineEventHandler(async (event) => {
  const { sync } = useRuntimeConfig()
  if (getQuery(event).deep !== 'true') return { ok: true }
  const status = await getProviderAdminAdapter('sync', sync.provider)?.getStatus(event, { enabled: sync.enabled, provider: sync.provider })
  return { ok: true, sync: { provider: sync.provider, available: status !== undefined && !status.warnings.some(({ level }) => level === 'error'), details: status?.details } }
})
