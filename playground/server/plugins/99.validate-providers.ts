import { defineNitroPlugin, useRuntimeConfig } from '#imports'
import { listAuthWorkspaceStoreIds } from '../auth/store/registry'
import { listSyncGatewayAdapterIds } from '../sync/gateway/registry'

/**
 * As the real host does (contract §7.3): where the configuration is strict, stop at once when what was
 * configured is not registered; elsewhere it surfaces with the first request.
 */
export default defineNitroPlugin(() => {
  const { auth, sync } = useRuntimeConfig()
  if (!auth.enabled || globalThis.process.env['OR3_STRICT_CONFIG'] !== 'true') return
  const missing = [
    ...listAuthWorkspaceStoreIds().includes(sync.provider) ? [] : [`workspace store ${sync.provider}`],
    ...!sync.enabled || listSyncGatewayAdapterIds().includes(sync.provider) ? [] : [`sync gateway ${sync.provider}`],
  ]
  if (missing.length > 0) throw new Error(`Provider registration validation failed: ${missing.join(', ')} not registered`)
})
