import { createHmac, randomUUID } from 'node:crypto'
import { getActiveWebhookStore } from './store/registry'
import type { Delivery, WebhookStore } from './store/types'

/** The events a person may pick, by the hook that produces them. */
export const EVENTS: Readonly<Record<string, string>> = {
  'db.messages.create:action:after': 'message.created',
  'db.messages.update:action:after': 'message.updated',
  'db.threads.create:action:after': 'thread.created',
  'db.threads.update:action:after': 'thread.updated',
  'db.threads.delete:action:soft:after': 'thread.deleted',
  'notify:action:push': 'notification.created',
}

/** Milliseconds before each further attempt (contract §2.3, the playground gives up sooner). */
const RETRY_MS = [1000, 5000]
const TIMEOUT_MS = 5000
const MAX_BODY = 4096
const HEALTH_OF = 3

/** Called by providers after a change was committed. Queues a delivery for whoever wants to hear of it; never throws. */
export async function emitWebhookSystemHook(hookName: string, payload: Record<string, unknown>): Promise<void> {
  const store = getActiveWebhookStore()
  const event_type = EVENTS[hookName]
  const workspaceId = typeof payload.workspace_id === 'string' ? payload.workspace_id : undefined
  if (!store || event_type === undefined || workspaceId === undefined) return
  try {
    const webhooks = [...await store.listWebhooksByEvent(event_type, 'user', workspaceId), ...await store.listWebhooksByEvent(event_type, 'admin', workspaceId)]
    const event_id = randomUUID()
    const now = Date.now()
    for (const webhook of webhooks) {
      await store.createDeliveryLog({
        webhook_id: webhook.id, event_id, event_type, attempt: 1, status: 'pending', claimed_by: null, claimed_at: null, http_status: null,
        error_message: null, request_payload: JSON.stringify({ id: event_id, type: event_type, created_at: Math.floor(now / 1000), data: payload }),
        response_body: null, duration_ms: null, next_retry_at: null, created_at: now,
      })
    }
  }
  catch {
    console.error(`The event ${event_type} could not be queued`)
  }
}

/** Sends what is due. Returns how many were sent. */
export async function dispatchDeliveries(store: WebhookStore, workerId: string): Promise<number> {
  const claimed = await store.claimPendingDeliveries(workerId, 25)
  await Promise.all(claimed.map(delivery => deliver(store, delivery)))
  return claimed.length
}

async function deliver(store: WebhookStore, delivery: Delivery): Promise<void> {
  const webhook = await store.getWebhook(delivery.webhook_id)
  if (!webhook?.enabled) return store.updateDeliveryLog(delivery.id, { status: 'cancelled', next_retry_at: null })
  const started = Date.now()
  const outcome = await send(webhook.url, webhook.signing_secret_enc, delivery)
  const duration_ms = Date.now() - started
  const retry = outcome.ok ? undefined : RETRY_MS[delivery.attempt - 1]
  if (retry !== undefined) return store.updateDeliveryLog(delivery.id, { ...outcome.log, duration_ms, status: 'pending', attempt: delivery.attempt + 1, next_retry_at: Date.now() + retry })
  await store.updateDeliveryLog(delivery.id, { ...outcome.log, duration_ms, status: outcome.ok ? 'success' : 'failed', next_retry_at: null })
  const recent = await store.getRecentTerminalDeliveries(webhook.id, HEALTH_OF)
  const failing = recent.some(({ status }) => status === 'failed')
  await store.updateWebhookHealth(webhook.id, failing ? 'failing' : recent.length === HEALTH_OF ? 'healthy' : 'unknown')
}

async function send(url: string, secret: string, delivery: Delivery): Promise<{ ok: boolean, log: Partial<Delivery> }> {
  const timestamp = Math.floor(Date.now() / 1000)
  const signature = createHmac('sha256', secret).update(`${timestamp}.${delivery.request_payload}`).digest('hex')
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-or3-event': delivery.event_type, 'x-or3-delivery': delivery.id, 'x-or3-signature': `t=${timestamp},v1=${signature}` },
      body: delivery.request_payload,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const response_body = (await response.text()).slice(0, MAX_BODY)
    return { ok: response.ok, log: { http_status: response.status, response_body, error_message: response.ok ? null : `HTTP ${response.status}` } }
  }
  catch {
    return { ok: false, log: { http_status: null, error_message: 'The address did not answer' } }
  }
}
