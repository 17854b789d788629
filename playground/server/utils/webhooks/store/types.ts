export interface Webhook {
  id: string
  scope: 'user' | 'admin'
  user_id: string | null
  workspace_id: string | null
  url: string
  label: string
  events: string[]
  custom_hooks: string[]
  signing_secret_enc: string
  enabled: boolean
  health: string
}

export interface Delivery {
  id: string
  webhook_id: string
  event_id: string
  event_type: string
  attempt: number
  status: 'pending' | 'in_flight' | 'success' | 'failed' | 'cancelled'
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

/** What the playground uses of it (contract §2.3). Times are milliseconds. */
export interface WebhookStore {
  createWebhook(webhook: Omit<Webhook, 'id' | 'health'>): Promise<Webhook>
  getWebhook(id: string): Promise<Webhook | null>
  deleteWebhook(id: string): Promise<void>
  listWebhooks(userId: string, workspaceId: string): Promise<Webhook[]>
  listWebhooksByEvent(eventType: string, scope: 'user' | 'admin', workspaceId?: string): Promise<Webhook[]>
  updateWebhookHealth(id: string, health: string): Promise<void>
  createDeliveryLog(log: Omit<Delivery, 'id'>): Promise<Delivery>
  updateDeliveryLog(id: string, patch: Partial<Delivery>): Promise<void>
  getDeliveryLogs(webhookId: string, since: number): Promise<Delivery[]>
  getRecentTerminalDeliveries(webhookId: string, limit: number): Promise<Delivery[]>
  claimPendingDeliveries(workerId: string, limit: number): Promise<Delivery[]>
  resetStaleInFlightDeliveries(olderThanMs: number): Promise<number>
  cancelDeliveriesByWebhook(webhookId: string): Promise<number>
}
