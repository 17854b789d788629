import { defineEventHandler } from 'h3'
import { openWebhookRoute, publicWebhook } from '../../utils/webhook-route'

export default defineEventHandler(async (event) => {
  const { session, store } = await openWebhookRoute(event)
  return { webhooks: (await store.listWebhooks(session.user.id, session.workspace.id)).map(publicWebhook) }
})
