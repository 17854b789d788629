import { randomUUID } from 'node:crypto'
import { defineNitroPlugin, useRuntimeConfig } from '#imports'
import { advance, CLAIM_MS } from '../connect/pairing'
import { getActiveConnectStore } from '../connect/store/registry'
import { every } from '../utils/every'

const PAUSE_MS = 30_000
const AT_ONCE = 10
const DAY_MS = 86_400_000

/** Takes up what no route finished, and forgets what ended long ago (contract §4.7). */
export default defineNitroPlugin((nitroApp) => {
  const store = useRuntimeConfig().auth.enabled ? getActiveConnectStore() : null
  if (!store) return
  nitroApp.hooks.hook('close', every('Setting up computers', PAUSE_MS, async () => {
    const now = Date.now()
    await store.purgeConnectRecords({ authorizationUpdatedBefore: now - 7 * DAY_MS, revokedEnvironmentUpdatedBefore: now - 30 * DAY_MS, batchSize: 100 })
    for (let taken = 0; taken < AT_ONCE; taken++) {
      const claimToken = randomUUID()
      const environment = await store.claimNextEnvironmentLifecycle(claimToken, Date.now(), Date.now() + CLAIM_MS)
      if (!environment) return
      await advance(store, environment, claimToken)
    }
  }))
})
