import { defineNitroPlugin, useRuntimeConfig } from '#imports'
import { listAuthWorkspaceStoreIds } from '../auth/store/registry'
import { listSyncGatewayAdapterIds } from '../sync/gateway/registry'
import { isProduction } from '../utils/environment'

/**
 * As the real host does (contract §7.3): where the configuration is strict, stop at once when what was
 * configured is not registered; elsewhere it surfaces with the first request.
 */
export default defineNitroPlugin(() => {
  const { auth, sync, public: { sync: { provider } } } = useRuntimeConfig()
  if (!auth.enabled || !isStrict()) return
  const missing = [
    ...listAuthWorkspaceStoreIds().includes(sync.provider) ? [] : [`workspace store ${sync.provider}`],
    ...!sync.enabled || listSyncGatewayAdapterIds().includes(provider) ? [] : [`sync gateway ${provider}`],
  ]
  if (missing.length > 0) throw new Error(`Provider registration validation failed: ${missing.join(', ')} not registered`)
})

function isStrict(): boolean {
  return globalThis.process.env.OR3_STRICT_CONFIG === 'true' || isProduction()
}
