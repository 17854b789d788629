import { defineEventHandler } from 'h3'
import { openWebhookRoute, requireOwnWebhook } from '../../../utils/webhook-route'

export default defineEventHandler(async (event) => {
  const route = await openWebhookRoute(event)
  const { id } = await requireOwnWebhook(event, route)
  await route.store.cancelDeliveriesByWebhook(id)
  await route.store.deleteWebhook(id)
  return { ok: true }
})
