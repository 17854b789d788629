import { defineNitroPlugin, useRuntimeConfig } from '#imports'
import { listAuthWorkspaceStoreIds } from '../auth/store/registry'
import { listSyncGatewayAdapterIds } from '../sync/gateway/registry'

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

/** Read by computed name: the build would replace `process.env.NODE_ENV` by its own. */
function isStrict(): boolean {
  const { env } = globalThis.process
  return env.OR3_STRICT_CONFIG === 'true' || env[['NODE', 'ENV'].join('_')] === 'production'
}
