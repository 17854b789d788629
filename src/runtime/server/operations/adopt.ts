import { fromByteOrder } from '../byte-order'
import { VERSION_MARGIN } from '../database/high-water'
import { lineageRow } from '../database/lineage'
import type { BulkStatement, Engine, SqlValue } from '../engine/engine'
import { prepared } from '../engine/engine'
import { beginHistory, endHistory, takeEntries } from '../sync/intake'
import { compareRevision } from '../sync/revision'
import { SYNCED_TABLES } from '../sync/tables'
import type { OldChange, OldRow } from './adopt-rows'
import { ADOPTED } from './checks'
import { fromLog, fromState, fromTombstone, ownerIn, textOf, toEntry, toMs, toUuid, wholeOf } from './adopt-rows'

/** The file is not one of the earlier provider. */
export class AdoptRefusedError extends Error {
  override readonly name = 'AdoptRefusedError'
}

export interface Adopted {
  /** What was taken over, by kind. */
  readonly taken: Readonly<Record<string, number>>
  /** What was left behind, with the reason. */
  readonly left: readonly string[]
  /** Rows that differ from the old file's; empty when all is well. */
  readonly differences: readonly string[]
}

const AT_ONCE = 500
const ROLES = ['owner', 'editor', 'viewer']

/** The old provider's first tables and Kysely's ledger; later ones may be missing from an older file. */
const REQUIRED = ['kysely_migration', 'users', 'auth_accounts', 'workspaces', 'workspace_members', 'server_version_counter', 'change_log', 'tombstones', ...SYNCED_TABLES.map(table => `s_${table}`)]

/**
 * Takes over what the earlier public provider kept (contract, Appendix A) into an empty database of ours: ids,
 * versions and history stay. What its log does not explain, because it collected more than it may, gets
 * versions above its counter, so that no device lacks it; counters move past what may have been acknowledged
 * (hazard F1). `old` is a copy: it is read only. Throws {@link AdoptRefusedError} and DatabaseError.
 */
export async function adopt(old: Engine, engine: Engine, nowMs: number, onProgress?: (share: number) => void): Promise<Adopted> {
  const tables = new Set((await rowsOf(old, 'SELECT name FROM sqlite_schema WHERE type = \'table\'')).map(({ name }) => name))
  const missing = REQUIRED.filter(name => !tables.has(name))
  if (missing.length > 0) throw new AdoptRefusedError(`The file is not one of the earlier SQLite provider: it lacks ${missing.join(', ')}.`)
  if (tables.has('or3_migration_checksums')) throw new AdoptRefusedError('The file is not one of the earlier SQLite provider: it is ours already.')
  const all = async (name: string) => tables.has(name) ? rowsOf(old, `SELECT * FROM ${name}`) : []
  const taken: Record<string, number> = {}
  const take = async (name: string, statement: BulkStatement) => {
    if (statement.rows.length > 0) await engine.batch([statement])
    taken[name] = statement.rows.length
  }

  const users = await all('users')
  const userIds = new Set(users.map(row => row.id))
  const workspaces = await all('workspaces')
  const workspaceIds = new Set(workspaces.map(row => row.id))
  await take('users', insert('users', ['id', 'email', 'display_name', 'created_at_ms'], users.map(row => [
    textOf(row.id), textOf(row.email)?.trim().toLowerCase() ?? null, textOf(row.display_name), toMs(row.created_at),
  ])))
  await take('accounts', insert('auth_accounts', ['provider', 'provider_user_id', 'user_id', 'created_at_ms'], (await all('auth_accounts'))
    .filter(row => userIds.has(row.user_id)).map(row => [textOf(row.provider), textOf(row.provider_user_id), textOf(row.user_id), toMs(row.created_at)])))
  await take('workspaces', insert('workspaces', ['id', 'name', 'description', 'created_at_ms', 'deleted_at_ms'], workspaces.map(row => [
    textOf(row.id), textOf(row.name) ?? 'Workspace', textOf(row.description), toMs(row.created_at), row.deleted === 1 ? toMs(row.deleted_at) || nowMs : null,
  ])))
  const members = (await all('workspace_members')).filter(row => userIds.has(row.user_id) && workspaceIds.has(row.workspace_id))
  const owners = workspaces.filter(row => userIds.has(row.owner_user_id)).map(row => ({ workspace_id: row.id, user_id: row.owner_user_id, role: 'owner', created_at: row.created_at }))
  await take('members', insert('workspace_members', ['workspace_id', 'user_id', 'role', 'created_at_ms'], [...owners, ...members].map(row => [
    textOf(row.workspace_id), textOf(row.user_id), ROLES.includes(String(row.role)) ? String(row.role) : 'viewer', toMs(row.created_at),
  ])))
  await take('active workspaces', {
    sql: 'UPDATE users SET active_workspace_id = ? WHERE id = ?',
    rows: users.filter(row => workspaceIds.has(row.active_workspace_id)).map(row => [textOf(row.active_workspace_id), textOf(row.id)]),
  })
  await take('invites', insert('auth_invites', [
    'workspace_id', 'id', 'email', 'role', 'status', 'invited_by_user_id', 'token_hash', 'expires_at', 'accepted_at', 'accepted_user_id', 'revoked_at', 'created_at', 'updated_at',
  ], (await all('auth_invites')).filter(row => workspaceIds.has(row.workspace_id)).map(row => [
    textOf(row.workspace_id), textOf(row.id), textOf(row.email), textOf(row.role), textOf(row.status), textOf(row.invited_by_user_id), textOf(row.token_hash), wholeOf(row.expires_at),
    numberOrNull(row.accepted_at), userIds.has(row.accepted_user_id) ? textOf(row.accepted_user_id) : null, numberOrNull(row.revoked_at), wholeOf(row.created_at), wholeOf(row.updated_at),
  ])))
  await take('admins', insert('deployment_admins', ['user_id', 'created_at_ms', 'created_by_user_id'], (await all('admin_users'))
    .filter(row => userIds.has(row.user_id)).map(row => [textOf(row.user_id), toMs(row.created_at), textOf(row.created_by_user_id)])))
  await take('settings', insert('workspace_settings', ['workspace_id', 'key', 'value', 'updated_at_ms'], (await all('admin_workspace_settings'))
    .filter(row => workspaceIds.has(row.workspace_id)).map(row => [textOf(row.workspace_id), textOf(row.key), String(row.value ?? ''), toMs(row.updated_at)])))

  await take('webhooks', await webhooksOf(all))
  await take('computers', environmentsOf(await all('connect_environments')))

  const synced = await old.all<{ id: string }>(prepared<{ id: string }>(`
    SELECT workspace_id AS id FROM server_version_counter UNION SELECT workspace_id FROM change_log UNION SELECT workspace_id FROM tombstones
    ${SYNCED_TABLES.map(table => `UNION SELECT workspace_id FROM s_${table}`).join(' ')}`)())
  const differences: string[] = []
  let entries = 0
  for (const [index, { id }] of synced.entries()) {
    const states = await statesOf(old, id)
    entries += await adoptHistory(old, engine, id, states)
    differences.push(...await compare(states, engine, id))
    onProgress?.((index + 1) / synced.length)
  }
  taken.entries = entries
  await engine.batch([
    lineageRow({ reason: ADOPTED, versionFloor: 0 }, nowMs),
  ])
  await take('device cursors', insert('device_cursors', ['workspace_id', 'user_id', 'device_id', 'last_seen_version', 'updated_at'], (await all('device_cursors'))
    .filter(row => textOf(row.owner_user_id) !== null).map(row => [textOf(row.workspace_id), textOf(row.owner_user_id), textOf(row.device_id), Math.max(0, wholeOf(row.last_seen_version)), wholeOf(row.updated_at)])))
  return { taken, left: await leftBehind(all), differences }
}

/** The log with its versions, then what it does not explain. Returns the number of entries. */
async function adoptHistory(old: Engine, engine: Engine, workspaceId: string, states: ReadonlyMap<string, OldChange>): Promise<number> {
  const [counter] = await old.all<{ value: number }>(prepared<{ value: number }>('SELECT value FROM server_version_counter WHERE workspace_id = ?')(workspaceId))
  await engine.batch([beginHistory(workspaceId, 0)])
  const winners = new Map<string, OldChange>()
  const opIds = new Set<string>()
  const owners = new Map<string, string>(await ownersOf(old, workspaceId))
  let top = 0
  let count = 0
  const add = async (changes: readonly (readonly [number, OldChange])[]) => {
    for (const [, change] of changes) keepNewest(winners, change)
    if (changes.length > 0) await engine.batch(takeEntries(workspaceId, changes.map(([version, change]) => toEntry(change, version, pk => owners.get(pk)))))
    top = changes.at(-1)?.[0] ?? top
    count += changes.length
  }
  /** An op id may stand once: rows of before there were any share one. */
  const unique = (change: OldChange, version: number): OldChange => {
    const opId = opIds.has(change.opId) ? toUuid(`${change.opId}:${version}`) : change.opId
    opIds.add(opId)
    return { ...change, opId }
  }
  const log = prepared<OldRow>(`SELECT * FROM change_log WHERE workspace_id = ? AND server_version > ? ORDER BY server_version LIMIT ${AT_ONCE}`)
  for (let after = 0; ;) {
    const page = await old.all<OldRow>(log(workspaceId, after))
    await add(page.flatMap((row) => {
      const change = fromLog(row)
      const version = wholeOf(row.server_version)
      return change ? [[version, unique(change, version)] as const] : []
    }))
    after = wholeOf(page.at(-1)?.server_version)
    if (page.length < AT_ONCE) break
  }
  top = Math.max(top, counter?.value ?? 0)
  const unexplained = [...states].filter(([key, change]) => {
    const winner = winners.get(key)
    return !winner || compareRevision(change, winner) > 0
  })
  for (let start = 0; start < unexplained.length; start += AT_ONCE) {
    const first = top
    await add(unexplained.slice(start, start + AT_ONCE).map(([, change], index) => [first + 1 + index, unique(change, first + 1 + index)] as const))
  }
  await engine.batch([endHistory(top + VERSION_MARGIN, workspaceId)])
  return count
}

/** Whose each notification is: a delete does not say, but the row keeps what it was. */
async function ownersOf(old: Engine, workspaceId: string): Promise<[string, string][]> {
  const rows = await old.all<{ pk: string, json: string | null }>(prepared<{ pk: string, json: string | null }>(`
    SELECT pk, payload_json AS json FROM change_log WHERE workspace_id = ? AND table_name = 'notifications' AND op = 'put'
    UNION ALL SELECT id, data_json FROM s_notifications WHERE workspace_id = ?`)(workspaceId, workspaceId))
  return rows.flatMap(({ pk, json }): [string, string][] => {
    const owner = ownerIn(json)
    return owner === undefined ? [] : [[pk, owner]]
  })
}

/** What the old provider's tables of states and tombstones say of each key. */
async function statesOf(old: Engine, workspaceId: string): Promise<Map<string, OldChange>> {
  const states = new Map<string, OldChange>()
  const keep = (change: OldChange | undefined) => void (change && keepNewest(states, change))
  for (const table of SYNCED_TABLES) {
    for (const row of await old.all<OldRow>(prepared<OldRow>(`SELECT * FROM s_${table} WHERE workspace_id = ?`)(workspaceId))) keep(fromState(table, row))
  }
  for (const row of await old.all<OldRow>(prepared<OldRow>('SELECT * FROM tombstones WHERE workspace_id = ?')(workspaceId))) keep(fromTombstone(row))
  return states
}

/** By key, the change that wins. */
function keepNewest(changes: Map<string, OldChange>, change: OldChange): void {
  const key = `${change.table}\0${change.pk}`
  const standing = changes.get(key)
  if (!standing || compareRevision(change, standing) > 0) changes.set(key, change)
}

/** Keys that live in one file and not in the other, by table. */
async function compare(states: ReadonlyMap<string, OldChange>, engine: Engine, workspaceId: string): Promise<string[]> {
  const differences: string[] = []
  for (const table of SYNCED_TABLES) {
    const before = new Set([...states].filter(([, change]) => change.table === table && change.operation === 'put' && change.payload?.deleted !== true).map(([, { pk }]) => pk))
    const after = new Set((await engine.all<{ pk: string }>(prepared<{ pk: string }>(`SELECT pk FROM s_${table} WHERE workspace_id = ?`)(workspaceId))).map(({ pk }) => fromByteOrder(pk)))
    const lost = [...before].filter(pk => !after.has(pk))
    const risen = [...after].filter(pk => !before.has(pk))
    if (lost.length > 0) differences.push(`${table} of ${workspaceId}: ${lost.length} rows are missing, the first is ${lost[0]}`)
    if (risen.length > 0) differences.push(`${table} of ${workspaceId}: ${risen.length} rows were not live before, the first is ${risen[0]}`)
  }
  return differences
}

async function webhooksOf(all: (name: string) => Promise<OldRow[]>): Promise<BulkStatement> {
  const hooks = Map.groupBy(await all('webhook_custom_hooks'), row => row.webhook_id)
  return insert('webhooks', [
    'id', 'scope', 'user_id', 'workspace_id', 'url', 'label', 'events_json', 'custom_hooks_json', 'signing_secret_enc', 'enabled', 'health', 'created_at', 'updated_at',
  ], (await all('webhook_registrations')).map(row => [
    textOf(row.id), row.scope === 'admin' ? 'admin' : 'user', textOf(row.user_id), textOf(row.workspace_id), textOf(row.url), String(row.label ?? ''), textOf(row.events_json) ?? textOf(row.events) ?? '[]',
    textOf(row.custom_hooks_json) ?? JSON.stringify((hooks.get(row.id) ?? []).map(hook => hook.hook_name)),
    String(row.signing_secret_enc ?? ''), row.enabled === 0 ? 0 : 1, ['healthy', 'failing'].includes(String(row.health)) ? String(row.health) : 'unknown', toMs(row.created_at), toMs(row.updated_at),
  ]))
}

const ENVIRONMENT_TEXTS = [
  'platform', 'architecture', 'driver', 'runtime', 'base_path', 'host_id', 'signing_public_key', 'noise_public_key', 'relay_authenticator', 'control_token_hash',
  'tunnel_secret_ciphertext', 'authorization_id', 'lifecycle_claim_token', 'lifecycle_error',
]
const ENVIRONMENT_TIMES = ['lifecycle_claimed_until', 'provisioning_deadline_at', 'activation_deadline_at', 'activation_claimed_at', 'revoked_at']

function environmentsOf(rows: readonly OldRow[]): BulkStatement {
  return insert('connect_environments', [
    'id', 'user_id', 'workspace_id', 'status', 'name', 'hostname', 'tunnel_id', 'dns_record_id', 'access_credential_ciphertext', 'lifecycle_attempts', 'lifecycle_next_attempt_at', 'created_at', 'updated_at',
    ...ENVIRONMENT_TEXTS, ...ENVIRONMENT_TIMES,
  ], rows.map(row => [
    textOf(row.id), String(row.user_id ?? ''), String(row.workspace_id ?? ''), textOf(row.status) ?? 'error', String(row.name ?? ''), String(row.hostname ?? ''), String(row.tunnel_id ?? ''), String(row.dns_record_id ?? ''),
    String(row.access_credential_ciphertext ?? ''), wholeOf(row.lifecycle_attempts), wholeOf(row.lifecycle_next_attempt_at), wholeOf(row.created_at), wholeOf(row.updated_at),
    ...ENVIRONMENT_TEXTS.map(name => textOf(row[name])), ...ENVIRONMENT_TIMES.map(name => numberOrNull(row[name])),
  ]))
}

/** Passing things, and what would have to be made anew anyway. */
async function leftBehind(all: (name: string) => Promise<OldRow[]>): Promise<string[]> {
  const reasons: Record<string, string> = {
    sync_snapshots: 'snapshots end within the hour', upload_intents: 'uploads on their way are begun anew', rate_limits: 'they forget by themselves',
    background_jobs: 'answers on their way are asked for anew', webhook_delivery_logs: 'deliveries are not sent again', connect_device_authorizations: 'pairings on their way are begun anew',
  }
  const counts = await Promise.all(Object.entries(reasons).map(async ([name, reason]) => [name, reason, (await all(name)).length] as const))
  return counts.filter(([, , count]) => count > 0).map(([name, reason, count]) => `${count} of ${name}: ${reason}`)
}

function insert(table: string, columns: readonly string[], rows: readonly (readonly SqlValue[])[]): BulkStatement {
  return { sql: `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')}) ON CONFLICT DO NOTHING`, rows }
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? Math.trunc(value) : null
}

async function rowsOf(engine: Engine, sql: string): Promise<OldRow[]> {
  return engine.all(prepared<OldRow>(sql)())
}
