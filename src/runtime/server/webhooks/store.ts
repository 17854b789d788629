import type { Clock } from '../clock'
import type { Engine } from '../engine/engine'
import { shareReads } from '../engine/shared-reads'
import { answer, refusal } from '../host/errors'
import type { DeliveryPatch, NewWebhook, WebhookPatch, WebhookStore } from '../host/webhook-contract'
import { fields, list, measure, oneOf, prose, text, whole, withShapes } from '../host/shapes'
import { cleanText, isText } from '../input'
import * as deliveries from './deliveries'
import * as registrations from './registrations'

const MAX_URL_LENGTH = 8192
const MAX_LABEL_LENGTH = 1024
const MAX_NAMES = 1000
const MAX_CLAIM = 1000

const SCOPE = oneOf(['user', 'admin'])
const HEALTH = oneOf(['healthy', 'failing', 'unknown'])
const STATUS = oneOf(['pending', 'in_flight', 'success', 'failed', 'cancelled'])
const ID = { id: text }
const OF_WEBHOOK = { webhookId: text }
const DELIVERY = {
  claimed_by: text.nullish(), claimed_at: whole.nullish(), http_status: whole.nullish(), error_message: prose.nullish(), response_body: prose.nullish(),
  duration_ms: whole.nullish(), next_retry_at: whole.nullish(),
}
const SHAPES = {
  createWebhook: { webhook: fields({ scope: SCOPE, user_id: text.nullish(), workspace_id: text.nullish(), url: text, label: text, events: list, custom_hooks: list, signing_secret_enc: text }) },
  updateWebhook: { id: text, patch: fields({ workspace_id: text.nullish() }) },
  deleteWebhook: ID, getWebhook: ID, listWebhooks: { userId: text, workspaceId: text },
  listWebhooksByCustomHook: { hookName: text },
  updateWebhookHealth: { id: text, health: HEALTH }, disableAllWebhooks: { userId: text, workspaceId: text },
  createDeliveryLog: {
    log: fields({ id: text.optional(), webhook_id: text, event_id: text, event_type: text, attempt: whole, status: STATUS, request_payload: text, created_at: whole, ...DELIVERY }),
  },
  updateDeliveryLog: { id: text, patch: fields({ status: STATUS.optional(), attempt: whole.optional(), ...DELIVERY }) },
  getDeliveryLogs: { webhookId: text, since: measure }, getRecentTerminalDeliveries: OF_WEBHOOK, claimPendingDeliveries: { workerId: text },
  resetStaleInFlightDeliveries: { olderThanMs: measure }, cancelDeliveriesByWebhook: OF_WEBHOOK, deleteDeliveryLogsByWebhook: OF_WEBHOOK, purgeExpiredLogs: { beforeTimestamp: measure },
}

/** The host's webhook store (contract §2.3). All times are milliseconds. */
export function createWebhookStore({ engine, clock }: { engine: Engine, clock: Clock }): WebhookStore {
  // The host asks who wants to hear of each op of a push by itself (measured: http-push/50 a third faster).
  const shared = shareReads(engine)
  return withShapes<WebhookStore>({
    async createWebhook(webhook) {
      demandWebhook(webhook)
      return answer(registrations.createWebhook(engine, webhook, clock.now()), translate)
    },
    async updateWebhook(id, patch) {
      demandWebhook(patch)
      return answer(registrations.updateWebhook(engine, id, patch, clock.now()), translate)
    },
    deleteWebhook: async id => answer(registrations.deleteWebhook(engine, id), translate),
    getWebhook: async id => answer(registrations.getWebhook(engine, id), translate),
    listWebhooks: async (userId, workspaceId) => answer(registrations.listWebhooks(engine, userId, workspaceId), translate),
    listAdminWebhooks: async () => answer(registrations.listAdminWebhooks(engine), translate),
    async listWebhooksByEvent(eventType, scope, workspaceId) {
      // By hand, because the host asks this for each op of a push (measured: http-push/50 a sixth slower with a schema).
      if (!isText(eventType, MAX_LABEL_LENGTH)) throw refusal(400, `eventType must be 1 to ${MAX_LABEL_LENGTH} characters`)
      if (scope !== 'user' && scope !== 'admin') throw refusal(400, 'scope must be user or admin')
      if (workspaceId !== undefined && workspaceId !== null && !isText(workspaceId, MAX_LABEL_LENGTH)) throw refusal(400, `workspaceId must be at most ${MAX_LABEL_LENGTH} characters`)
      return answer(registrations.listWebhooksByEvent(shared, eventType, scope, workspaceId ?? null), translate)
    },
    listWebhooksByCustomHook: async hookName => answer(registrations.listWebhooksByCustomHook(shared, hookName), translate),
    listActiveCustomHookNames: async () => answer(registrations.listActiveCustomHookNames(engine), translate),
    updateWebhookHealth: async (id, health) => answer(registrations.updateWebhookHealth(engine, id, health), translate),
    disableAllWebhooks: async (userId, workspaceId) => answer(registrations.disableAllWebhooks(engine, userId, workspaceId, clock.now()), translate),

    createDeliveryLog: async log => answer(deliveries.createDeliveryLog(engine, cleaned(log)), translate),
    updateDeliveryLog: async (id, patch) => answer(deliveries.updateDeliveryLog(engine, id, cleaned(patch)), translate),
    getDeliveryLogs: async (webhookId, since) => answer(deliveries.getDeliveryLogs(engine, webhookId, since), translate),
    getRecentTerminalDeliveries: async (webhookId, limit) => answer(deliveries.getRecentTerminalDeliveries(engine, webhookId, rows(limit)), translate),
    claimPendingDeliveries: async (workerId, limit) => answer(deliveries.claimPendingDeliveries(engine, workerId, rows(limit), clock.now()), translate),
    resetStaleInFlightDeliveries: async olderThanMs => answer(deliveries.resetStaleInFlightDeliveries(engine, clock.now() - olderThanMs), translate),
    cancelDeliveriesByWebhook: async webhookId => answer(deliveries.cancelDeliveriesByWebhook(engine, webhookId), translate),
    deleteDeliveryLogsByWebhook: async webhookId => answer(deliveries.deleteDeliveryLogsByWebhook(engine, webhookId), translate),
    purgeExpiredLogs: async beforeTimestamp => answer(deliveries.purgeExpiredLogs(engine, beforeTimestamp), translate),
  }, SHAPES)
}

/** What the receiver answered is bytes of a stranger's; a delivery that was made must not be refused for them. */
function cleaned<Log extends Pick<DeliveryPatch, 'error_message' | 'response_body'>>(log: Log): Log {
  const { error_message, response_body } = log
  return {
    ...log,
    ...typeof error_message === 'string' ? { error_message: cleanText(error_message) } : {},
    ...typeof response_body === 'string' ? { response_body: cleanText(response_body) } : {},
  }
}

function rows(limit: number): number {
  return typeof limit === 'number' ? Math.min(MAX_CLAIM, Math.max(0, Math.trunc(limit) || 0)) : 0
}

function demandWebhook({ url, label, events, custom_hooks }: NewWebhook | WebhookPatch): void {
  if (url !== undefined && !isText(url, MAX_URL_LENGTH)) throw refusal(400, `url must be 1 to ${MAX_URL_LENGTH} characters`)
  if (label !== undefined && label !== '' && !isText(label, MAX_LABEL_LENGTH)) throw refusal(400, `label must be at most ${MAX_LABEL_LENGTH} characters`)
  for (const [field, names] of Object.entries({ events, custom_hooks })) {
    if (names !== undefined && !isNames(names)) throw refusal(400, `${field} must be at most ${MAX_NAMES} names`)
  }
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MAX_NAMES && value.every(name => isText(name, MAX_LABEL_LENGTH))
}

function translate(error: unknown): unknown {
  return error instanceof registrations.WebhookUnknownError ? refusal(404, `Webhook not found: ${error.message.slice(0, 64)}`) : error
}
