import { randomUUID } from 'node:crypto'
import { defineNitroPlugin, useRuntimeConfig } from '#imports'
import { every } from '../utils/every'
import { getActiveWebhookStore } from '../utils/webhooks/store/registry'
import { dispatchDeliveries } from '../utils/webhooks/runtime'

const STALE_MS = 120_000

/** As the real host does: begins with what is left over, before anybody asks. */
export default defineNitroPlugin((nitroApp) => {
  const { auth } = useRuntimeConfig()
  const store = auth.enabled ? getActiveWebhookStore() : null
  if (!store) return
  const worker = randomUUID()
  const stop = every('Sending webhooks', 500, async () => {
    await dispatchDeliveries(store, worker)
    await store.resetStaleInFlightDeliveries(STALE_MS)
  })
  nitroApp.hooks.hook('close', stop)
})
