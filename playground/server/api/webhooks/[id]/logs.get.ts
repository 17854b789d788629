import { defineEventHandler, getQuery } from 'h3'
import { openWebhookRoute, requireOwnWebhook } from '../../../utils/webhook-route'

export default defineEventHandler(async (event) => {
  const route = await openWebhookRoute(event)
  const { id } = await requireOwnWebhook(event, route)
  return { logs: await route.store.getDeliveryLogs(id, Number(getQuery(event).since) || 0) }
})
