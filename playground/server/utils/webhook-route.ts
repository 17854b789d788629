import type { H3Event } from 'h3'
import { createError, getRouterParam } from 'h3'
import { requireCan } from '../auth/permissions'
import type { SessionContext } from '../auth/session'
import { requireCloud } from './request'
import { getActiveWebhookStore } from './webhooks/store/registry'
import type { Webhook, WebhookStore } from './webhooks/store/types'

/** What every webhook route needs first (contract §4.6). */
export async function openWebhookRoute(event: H3Event): Promise<{ session: SessionContext, store: WebhookStore }> {
  requireCloud({ sync: false })
  const session = await requireCan(event, 'workspace.read')
  const store = getActiveWebhookStore()
  if (!store) throw createError({ statusCode: 500, statusMessage: 'Webhook store not configured' })
  return { session, store }
}

/** The webhook the route names, if it is this user's in this workspace. Throws 403 and 404. */
export async function requireOwnWebhook(event: H3Event, { session, store }: { session: SessionContext, store: WebhookStore }): Promise<Webhook> {
  const webhook = await store.getWebhook(getRouterParam(event, 'id') ?? '')
  if (!webhook) throw createError({ statusCode: 404, statusMessage: 'Webhook not found' })
  if (webhook.user_id !== session.user.id || webhook.workspace_id !== session.workspace.id) throw createError({ statusCode: 403, statusMessage: 'Forbidden' })
  return webhook
}

/** Without what only its receiver may know. */
export function publicWebhook({ signing_secret_enc: _secret, ...webhook }: Webhook): Omit<Webhook, 'signing_secret_enc'> {
  return webhook
}
