import { defineNitroPlugin, useRuntimeConfig } from '#imports'
import { listAuthWorkspaceStoreIds } from '../auth/store/registry'
import { listSyncGatewayAdapterIds } from '../sync/gateway/registry'

/** As the real host does in production: stop at once when what was configured is not there. */
export default defineNitroPlugin(() => {
  const { auth, sync } = useRuntimeConfig()
  if (!auth.enabled) return
  const missing = [
    ...listAuthWorkspaceStoreIds().includes(sync.provider) ? [] : [`workspace store ${sync.provider}`],
    ...!sync.enabled || listSyncGatewayAdapterIds().includes(sync.provider) ? [] : [`sync gateway ${sync.provider}`],
  ]
  if (missing.length > 0) throw new Error(`Provider registration validation failed: ${missing.join(', ')} not registered`)
})
