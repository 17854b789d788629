import type { Clock } from '../clock'
import type { Engine } from '../engine/engine'
import { shareReads } from '../engine/shared-reads'
import { answer, refusal } from '../host/errors'
import type { NewWebhook, WebhookPatch, WebhookStore } from '../host/webhook-contract'
import { isText } from '../input'
import * as deliveries from './deliveries'
import * as registrations from './registrations'

const MAX_URL_LENGTH = 8192
const MAX_LABEL_LENGTH = 1024
const MAX_NAMES = 1000
const MAX_CLAIM = 1000

/** The host's webhook store (contract §2.3). All times are milliseconds. */
export function createWebhookStore({ engine, clock }: { engine: Engine, clock: Clock }): WebhookStore {
  // The host asks who wants to hear of each op of a push by itself (measured: http-push/50 a third faster).
  const shared = shareReads(engine)
  return {
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
    listWebhooksByEvent: async (eventType, scope, workspaceId) => answer(registrations.listWebhooksByEvent(shared, eventType, scope, workspaceId ?? null), translate),
    listWebhooksByCustomHook: async hookName => answer(registrations.listWebhooksByCustomHook(shared, hookName), translate),
    listActiveCustomHookNames: async () => answer(registrations.listActiveCustomHookNames(engine), translate),
    updateWebhookHealth: async (id, health) => answer(registrations.updateWebhookHealth(engine, id, health), translate),
    disableAllWebhooks: async (userId, workspaceId) => answer(registrations.disableAllWebhooks(engine, userId, workspaceId, clock.now()), translate),

    createDeliveryLog: async log => answer(deliveries.createDeliveryLog(engine, log), translate),
    updateDeliveryLog: async (id, patch) => answer(deliveries.updateDeliveryLog(engine, id, patch), translate),
    getDeliveryLogs: async (webhookId, since) => answer(deliveries.getDeliveryLogs(engine, webhookId, since), translate),
    getRecentTerminalDeliveries: async (webhookId, limit) => answer(deliveries.getRecentTerminalDeliveries(engine, webhookId, rows(limit)), translate),
    claimPendingDeliveries: async (workerId, limit) => answer(deliveries.claimPendingDeliveries(engine, workerId, rows(limit), clock.now()), translate),
    resetStaleInFlightDeliveries: async olderThanMs => answer(deliveries.resetStaleInFlightDeliveries(engine, clock.now() - olderThanMs), translate),
    cancelDeliveriesByWebhook: async webhookId => answer(deliveries.cancelDeliveriesByWebhook(engine, webhookId), translate),
    deleteDeliveryLogsByWebhook: async webhookId => answer(deliveries.deleteDeliveryLogsByWebhook(engine, webhookId), translate),
    purgeExpiredLogs: async beforeTimestamp => answer(deliveries.purgeExpiredLogs(engine, beforeTimestamp), translate),
  }
}

function rows(limit: number): number {
  return Math.min(MAX_CLAIM, Math.max(0, Math.trunc(limit) || 0))
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
