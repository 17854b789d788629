import { defineEventHandler } from 'h3'
import { useRuntimeConfig } from '#imports'
import { getProviderAdminAdapter } from '../../../admin/providers/registry'
import { getActiveSyncGatewayAdapter } from '../../../sync/gateway/registry'
import { openAdminRoute } from '../../../utils/admin-route'

export default defineEventHandler(async (event) => {
  await openAdminRoute(event)
  const { sync } = useRuntimeConfig()
  const adapter = getProviderAdminAdapter('sync', sync.provider)
  return {
    sync: {
      provider: sync.provider,
      enabled: sync.enabled,
      status: adapter ? await adapter.getStatus(event, { enabled: sync.enabled, provider: sync.provider }) : null,
      maintenance: getActiveSyncGatewayAdapter()?.getMaintenanceState?.() ?? null,
    },
  }
})
