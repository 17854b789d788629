import { randomUUID } from 'node:crypto'
import type { Engine, Plan, Reading, Statement } from '../engine/engine'
import { ask, countChanged, prepared } from '../engine/engine'
import type { NewWebhook, WebhookHealth, WebhookPatch, WebhookRegistration, WebhookScope } from '../host/webhook-contract'

/** There is no such webhook. */
export class WebhookUnknownError extends Error {
  override readonly name = 'WebhookUnknownError'
}

interface WebhookRow extends Omit<WebhookRegistration, 'events' | 'custom_hooks' | 'enabled'> {
  readonly events_json: string
  readonly custom_hooks_json: string
  readonly enabled: 0 | 1
}

const COLUMNS = 'id, scope, user_id, workspace_id, url, label, events_json, custom_hooks_json, signing_secret_enc, enabled, health, created_at, updated_at'
const NEWEST_FIRST = 'ORDER BY created_at DESC, id'
const contains = (column: string) => `EXISTS (SELECT 1 FROM json_each(${column}) AS e WHERE e.value = ?)`

const insert = prepared<never>(`INSERT INTO webhooks (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
const byId = prepared<WebhookRow>(`SELECT ${COLUMNS} FROM webhooks WHERE id = ?`)
const replace = prepared<never>(`
  UPDATE webhooks SET workspace_id = ?, url = ?, label = ?, events_json = ?, custom_hooks_json = ?, enabled = ?, health = ?, updated_at = ?
  WHERE id = ?`)
const remove = prepared<never>('DELETE FROM webhooks WHERE id = ?')
const ofUser = prepared<WebhookRow>(`
  SELECT ${COLUMNS} FROM webhooks WHERE scope = 'user' AND user_id = ? AND workspace_id = ? ${NEWEST_FIRST}`)
const ofAdmins = prepared<WebhookRow>(`SELECT ${COLUMNS} FROM webhooks WHERE scope = 'admin' ${NEWEST_FIRST}`)
const userWebhooksFor = prepared<WebhookRow>(`
  SELECT ${COLUMNS} FROM webhooks WHERE enabled = 1 AND scope = 'user' AND workspace_id = ? AND ${contains('events_json')} ${NEWEST_FIRST}`)
const adminWebhooksFor = prepared<WebhookRow>(`
  SELECT ${COLUMNS} FROM webhooks
  WHERE enabled = 1 AND scope = 'admin' AND (workspace_id IS NULL OR workspace_id = ?) AND ${contains('events_json')} ${NEWEST_FIRST}`)
const byHook = prepared<WebhookRow>(`
  SELECT ${COLUMNS} FROM webhooks WHERE enabled = 1 AND scope = 'admin' AND ${contains('custom_hooks_json')} ${NEWEST_FIRST}`)
const hookNames = prepared<{ name: string }>(`
  SELECT DISTINCT e.value AS name FROM webhooks AS w, json_each(w.custom_hooks_json) AS e
  WHERE w.enabled = 1 AND w.scope = 'admin' AND e.type = 'text'`)
const setHealth = prepared<never>('UPDATE webhooks SET health = ? WHERE id = ?')
const disableAll = prepared<{ id: string }>(`
  UPDATE webhooks SET enabled = 0, updated_at = ? WHERE scope = 'user' AND user_id = ? AND workspace_id = ? AND enabled = 1 RETURNING id`)

/** `nowMs`: milliseconds. */
export async function createWebhook(engine: Engine, webhook: NewWebhook, nowMs: number): Promise<WebhookRegistration> {
  const { scope, user_id, workspace_id, url, label, events, custom_hooks, signing_secret_enc, enabled } = webhook
  const created: WebhookRegistration = {
    id: randomUUID(), scope, user_id, workspace_id, url, label, events, custom_hooks, signing_secret_enc, enabled,
    health: 'unknown', created_at: nowMs, updated_at: nowMs,
  }
  await engine.batch([insert(
    created.id, scope, user_id, workspace_id, url, label, JSON.stringify(events), JSON.stringify(custom_hooks),
    signing_secret_enc, enabled ? 1 : 0, created.health, nowMs, nowMs,
  )])
  return created
}

/** What the patch leaves undefined stays (trap W1); a new address starts with unknown health. Throws {@link WebhookUnknownError}. */
export async function updateWebhook(engine: Engine, id: string, patch: WebhookPatch, nowMs: number): Promise<WebhookRegistration> {
  const change = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as Partial<WebhookRegistration>
  return engine.write(function* (): Reading<Plan<WebhookRegistration>> {
    const [row] = yield* ask(byId(id))
    if (!row) throw new WebhookUnknownError(id)
    const current = toWebhook(row)
    const { url, label, events, custom_hooks, enabled, workspace_id } = { ...current, ...change }
    const result: WebhookRegistration = {
      ...current, url, label, events, custom_hooks, enabled, workspace_id,
      health: url === current.url ? current.health : 'unknown',
      updated_at: nowMs,
    }
    return {
      writes: [replace(workspace_id, url, label, JSON.stringify(events), JSON.stringify(custom_hooks), enabled ? 1 : 0, result.health, nowMs, id)],
      result,
    }
  })
}

/** Its deliveries go with it. */
export async function deleteWebhook(engine: Engine, id: string): Promise<void> {
  await engine.batch([remove(id)])
}

export async function getWebhook(engine: Engine, id: string): Promise<WebhookRegistration | null> {
  return (await list(engine, byId(id)))[0] ?? null
}

export async function listWebhooks(engine: Engine, userId: string, workspaceId: string): Promise<WebhookRegistration[]> {
  return list(engine, ofUser(userId, workspaceId))
}

export async function listAdminWebhooks(engine: Engine): Promise<WebhookRegistration[]> {
  return list(engine, ofAdmins())
}

/** Who wants to hear of an event: users only within their workspace, admins of all or of theirs. */
export async function listWebhooksByEvent(engine: Pick<Engine, 'all'>, eventType: string, scope: WebhookScope, workspaceId: string | null): Promise<WebhookRegistration[]> {
  if (scope === 'admin') return list(engine, adminWebhooksFor(workspaceId, eventType))
  return workspaceId === null ? [] : list(engine, userWebhooksFor(workspaceId, eventType))
}

export async function listWebhooksByCustomHook(engine: Pick<Engine, 'all'>, hookName: string): Promise<WebhookRegistration[]> {
  return list(engine, byHook(hookName))
}

/** Each once, in order. */
export async function listActiveCustomHookNames(engine: Engine): Promise<string[]> {
  return (await engine.all(hookNames())).map(row => row.name).sort()
}

export async function updateWebhookHealth(engine: Engine, id: string, health: WebhookHealth): Promise<void> {
  await engine.batch([setHealth(health, id)])
}

/** Returns how many were enabled. */
export async function disableAllWebhooks(engine: Engine, userId: string, workspaceId: string, nowMs: number): Promise<number> {
  return countChanged(engine, disableAll(nowMs, userId, workspaceId))
}

async function list(engine: Pick<Engine, 'all'>, statement: Statement<WebhookRow>): Promise<WebhookRegistration[]> {
  return (await engine.all(statement)).map(toWebhook)
}

function toWebhook({ events_json, custom_hooks_json, enabled, ...rest }: WebhookRow): WebhookRegistration {
  return { ...rest, events: JSON.parse(events_json) as string[], custom_hooks: JSON.parse(custom_hooks_json) as string[], enabled: enabled === 1 }
}
