/** The host's webhook store (contract §2.3). All times are milliseconds. */

export type WebhookScope = 'user' | 'admin'
export type WebhookHealth = 'healthy' | 'failing' | 'unknown'
export type DeliveryStatus = 'pending' | 'in_flight' | 'success' | 'failed' | 'cancelled'

export interface WebhookRegistration {
  id: string
  scope: WebhookScope
  user_id: string | null
  workspace_id: string | null
  url: string
  label: string
  events: string[]
  custom_hooks: string[]
  /** Encrypted by the host. */
  signing_secret_enc: string
  enabled: boolean
  health: WebhookHealth
  created_at: number
  updated_at: number
}

export interface WebhookDeliveryLog {
  id: string
  webhook_id: string
  event_id: string
  event_type: string
  attempt: number
  status: DeliveryStatus
  claimed_by: string | null
  claimed_at: number | null
  http_status: number | null
  error_message: string | null
  request_payload: string
  response_body: string | null
  duration_ms: number | null
  next_retry_at: number | null
  created_at: number
}

export type NewWebhook = Omit<WebhookRegistration, 'id' | 'health' | 'created_at' | 'updated_at'>
/** A field that is `undefined` stays as it is. */
export type WebhookPatch = { [Field in 'url' | 'label' | 'events' | 'custom_hooks' | 'enabled' | 'workspace_id']?: WebhookRegistration[Field] | undefined }
export type DeliveryPatch = { [Field in 'status' | 'http_status' | 'error_message' | 'response_body' | 'duration_ms' | 'next_retry_at' | 'attempt']?: WebhookDeliveryLog[Field] | undefined }

export interface WebhookStore {
  createWebhook(webhook: NewWebhook): Promise<WebhookRegistration>
  updateWebhook(id: string, patch: WebhookPatch): Promise<WebhookRegistration>
  deleteWebhook(id: string): Promise<void>
  getWebhook(id: string): Promise<WebhookRegistration | null>
  listWebhooks(userId: string, workspaceId: string): Promise<WebhookRegistration[]>
  listAdminWebhooks(): Promise<WebhookRegistration[]>
  listWebhooksByEvent(eventType: string, scope: WebhookScope, workspaceId?: string | null): Promise<WebhookRegistration[]>
  listWebhooksByCustomHook(hookName: string): Promise<WebhookRegistration[]>
  listActiveCustomHookNames(): Promise<string[]>
  updateWebhookHealth(id: string, health: WebhookHealth): Promise<void>
  disableAllWebhooks(userId: string, workspaceId: string): Promise<number>
  createDeliveryLog(log: Omit<WebhookDeliveryLog, 'id'> & { id?: string }): Promise<WebhookDeliveryLog>
  updateDeliveryLog(id: string, patch: DeliveryPatch): Promise<void>
  getDeliveryLogs(webhookId: string, since: number): Promise<WebhookDeliveryLog[]>
  getRecentTerminalDeliveries(webhookId: string, limit: number): Promise<WebhookDeliveryLog[]>
  claimPendingDeliveries(workerId: string, limit: number): Promise<WebhookDeliveryLog[]>
  resetStaleInFlightDeliveries(olderThanMs: number): Promise<number>
  cancelDeliveriesByWebhook(webhookId: string): Promise<number>
  deleteDeliveryLogsByWebhook(webhookId: string): Promise<number>
  purgeExpiredLogs(beforeTimestamp: number): Promise<number>
}
