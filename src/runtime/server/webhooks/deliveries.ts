import { randomUUID } from 'node:crypto'
import { setImmediate as nextTick } from 'node:timers/promises'
import type { Engine, Plan, Reading, SqlValue } from '../engine/engine'
import { ask, countChanged, prepared } from '../engine/engine'
import type { DeliveryPatch, WebhookDeliveryLog } from '../host/webhook-contract'

const FIELDS = [
  'id', 'webhook_id', 'event_id', 'event_type', 'attempt', 'status', 'claimed_by', 'claimed_at', 'http_status',
  'error_message', 'request_payload', 'response_body', 'duration_ms', 'next_retry_at', 'created_at',
] as const
const COLUMNS = FIELDS.join(', ')

/* A webhook may be deleted while its event is on the way; then there is nothing to log (trap W3). */
const insert = prepared<never>(`
  INSERT INTO webhook_deliveries (${COLUMNS})
  SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
  WHERE EXISTS (SELECT 1 FROM webhooks WHERE id = ?)`)
const byId = prepared<WebhookDeliveryLog>(`SELECT ${COLUMNS} FROM webhook_deliveries WHERE id = ?`)
const replace = prepared<never>(`
  UPDATE webhook_deliveries
  SET status = ?, http_status = ?, error_message = ?, response_body = ?, duration_ms = ?, next_retry_at = ?, attempt = ?,
    claimed_by = ?, claimed_at = ?
  WHERE id = ?`)
const since = prepared<WebhookDeliveryLog>(`
  SELECT ${COLUMNS} FROM webhook_deliveries WHERE webhook_id = ? AND created_at >= ? ORDER BY created_at DESC, id LIMIT ?`)
const terminal = prepared<WebhookDeliveryLog>(`
  SELECT ${COLUMNS} FROM webhook_deliveries
  WHERE webhook_id = ? AND status IN ('success', 'failed') ORDER BY created_at DESC, id LIMIT ?`)
const DUE_ORDER = 'COALESCE(next_retry_at, created_at), created_at, id'
const due = prepared<WebhookDeliveryLog>(`
  SELECT ${COLUMNS} FROM webhook_deliveries
  WHERE status = 'pending' AND (next_retry_at IS NULL OR next_retry_at <= ?)
  ORDER BY ${DUE_ORDER} LIMIT ?`)
const CLAIM = 'UPDATE webhook_deliveries SET status = \'in_flight\', claimed_by = ?, claimed_at = ? WHERE id = ?'
const resetStale = prepared<{ id: string }>(`
  UPDATE webhook_deliveries SET status = 'pending', claimed_by = NULL, claimed_at = NULL
  WHERE status = 'in_flight' AND COALESCE(claimed_at, created_at) < ? RETURNING id`)
const cancel = prepared<{ id: string }>(`
  UPDATE webhook_deliveries SET status = 'cancelled', claimed_by = NULL, claimed_at = NULL, next_retry_at = NULL
  WHERE webhook_id = ? AND status IN ('pending', 'in_flight') RETURNING id`)
const deleteOf = prepared<{ id: string }>('DELETE FROM webhook_deliveries WHERE webhook_id = ? RETURNING id')
const purge = prepared<{ id: string }>(`
  DELETE FROM webhook_deliveries WHERE id IN (
    SELECT id FROM webhook_deliveries
    WHERE created_at < ? AND status IN ('success', 'failed', 'cancelled') ORDER BY created_at LIMIT ?)
  RETURNING id`)

const PURGE_STEP = 500
/** Each may hold a whole payload: more than anybody reads, and little enough for one answer (hazard F19). */
const MAX_LOGS = 500

export async function createDeliveryLog(engine: Engine, log: Omit<WebhookDeliveryLog, 'id'> & { id?: string }): Promise<WebhookDeliveryLog> {
  const created = Object.fromEntries(FIELDS.map(field => [field, field === 'id' ? log.id ?? randomUUID() : log[field] ?? null])) as unknown as WebhookDeliveryLog
  await engine.batch([insert(...FIELDS.map((field): SqlValue => created[field]), created.webhook_id)])
  return created
}

/** An explicit null clears a field; any status but `in_flight` ends the claim. One that is gone is left alone (trap W3). */
export async function updateDeliveryLog(engine: Engine, id: string, patch: DeliveryPatch): Promise<void> {
  const change = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as Partial<WebhookDeliveryLog>
  return engine.write(function* (): Reading<Plan<void>> {
    const [current] = yield* ask(byId(id))
    if (!current) return { writes: [], result: undefined }
    // What was cancelled meanwhile is not tried again.
    const revived = current.status === 'cancelled' && change.status === 'pending'
    const next = { ...current, ...change, ...revived ? { status: current.status, next_retry_at: null } : {} }
    const claimed = change.status === undefined || change.status === 'in_flight'
    return {
      writes: [replace(
        next.status, next.http_status, next.error_message, next.response_body, next.duration_ms, next.next_retry_at, next.attempt,
        claimed ? current.claimed_by : null, claimed ? current.claimed_at : null, id,
      )],
      result: undefined,
    }
  })
}

/** The newest of them, newest first. `sinceMs`: milliseconds. */
export async function getDeliveryLogs(engine: Engine, webhookId: string, sinceMs: number): Promise<WebhookDeliveryLog[]> {
  return engine.all(since(webhookId, sinceMs, MAX_LOGS))
}

/** Newest first. */
export async function getRecentTerminalDeliveries(engine: Engine, webhookId: string, limit: number): Promise<WebhookDeliveryLog[]> {
  return engine.all(terminal(webhookId, limit))
}

/** Takes what is due, the longest waiting first; no two workers get the same. `nowMs`: milliseconds. */
export async function claimPendingDeliveries(engine: Engine, workerId: string, limit: number, nowMs: number): Promise<WebhookDeliveryLog[]> {
  return engine.write(function* (): Reading<Plan<WebhookDeliveryLog[]>> {
    const rows = yield* ask(due(nowMs, limit))
    return {
      writes: rows.length === 0 ? [] : [{ sql: CLAIM, rows: rows.map(row => [workerId, nowMs, row.id]) }],
      result: rows.map(row => ({ ...row, status: 'in_flight', claimed_by: workerId, claimed_at: nowMs })),
    }
  })
}

/** Gives back what a worker took before `claimedBeforeMs` and never finished. Returns their number. */
export async function resetStaleInFlightDeliveries(engine: Engine, claimedBeforeMs: number): Promise<number> {
  return countChanged(engine, resetStale(claimedBeforeMs))
}

/** Returns how many were pending or in flight. */
export async function cancelDeliveriesByWebhook(engine: Engine, webhookId: string): Promise<number> {
  return countChanged(engine, cancel(webhookId))
}

export async function deleteDeliveryLogsByWebhook(engine: Engine, webhookId: string): Promise<number> {
  return countChanged(engine, deleteOf(webhookId))
}

/** Removes ended deliveries created before a time, in steps; what is still to be sent stays (trap W4). Returns their number. */
export async function purgeExpiredLogs(engine: Engine, beforeMs: number): Promise<number> {
  let purged = 0
  for (;;) {
    const removed = await countChanged(engine, purge(beforeMs, PURGE_STEP))
    purged += removed
    if (removed < PURGE_STEP) return purged
    await nextTick()
  }
}
