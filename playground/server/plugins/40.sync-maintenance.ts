import { defineNitroPlugin, useRuntimeConfig } from '#imports'
import { HISTORY_RETENTION_SECONDS, mayCollectHistory } from '../../shared/sync/history-gc-policy'
import { getSyncGatewayAdapter } from '../sync/gateway/registry'
import type { SyncGatewayAdapter } from '../sync/gateway/types'
import { every } from '../utils/every'

const HOUR_MS = 3_600_000

/** As the August host does: at once and then every hour, with the bare event, under the id it has written down. */
export default defineNitroPlugin((nitroApp) => {
  const { auth, hostAge } = useRuntimeConfig()
  const adapter = auth.enabled && hostAge === 'A' ? getSyncGatewayAdapter('sqlite') : null
  if (!adapter || !mayCollectHistory(adapter)) return
  nitroApp.hooks.hook('close', every('Maintenance', HOUR_MS, () => maintain(adapter)))
})

async function maintain(adapter: SyncGatewayAdapter): Promise<void> {
  adapter.beginMaintenanceRun?.()
  try {
    for (const workspaceId of await adapter.listWorkspaceIds?.() ?? []) {
      const request = { scope: { workspaceId }, retentionSeconds: HISTORY_RETENTION_SECONDS }
      await adapter.gcChangeLog?.({}, request)
      await adapter.gcTombstones?.({}, request)
    }
    adapter.completeMaintenanceRun?.({ lastRun: new Date().toISOString() })
  }
  catch (error) {
    adapter.failMaintenanceRun?.(error instanceof Error ? error.message : 'Maintenance failed')
  }
}
