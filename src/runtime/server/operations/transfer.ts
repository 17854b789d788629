import * as z from 'zod'
import { fromByteOrder } from '../byte-order'
import type { ChangeLogTable } from '../database/schema'
import type { Engine, Statement } from '../engine/engine'
import { prepared } from '../engine/engine'
import type { SyncedTable } from '../sync/tables'
import { SYNCED_TABLES } from '../sync/tables'

/*
 * A workspace as lines of JSON. First a header; then members; states that the log does not explain, before the
 * log, because what is left of it may have lost to them; entries of the log by version; receipts. The last line
 * says how many there were, so that a file that was cut off is noticed.
 */

export const FORMAT = 1

const text = z.string()
const whole = z.int()
const revision = { clock: whole, hlc: text, opId: text }
const table = z.enum(SYNCED_TABLES)
const payload = z.record(z.string(), z.unknown()).nullable()

export const header = z.object({
  or3: z.literal('workspace'), format: z.literal(FORMAT), redacted: z.boolean(), exportedAtMs: whole,
  workspace: z.object({ id: text, name: text, description: text.nullable(), createdAtMs: whole }), version: whole, logFloor: whole,
})
export const line = z.union([
  z.object({ member: z.object({ userId: text, email: text.nullable(), displayName: text.nullable(), role: z.enum(['owner', 'editor', 'viewer']) }) }),
  z.object({ entry: z.object({ version: whole, table, pk: text, operation: z.enum(['put', 'delete']), deleted: z.boolean(), payload, ...revision, deviceId: text, ownerUserId: text.nullable(), createdAt: whole }) }),
  z.object({ state: z.object({ version: whole, createdVersion: whole, table, pk: text, deleted: z.boolean(), payload, ...revision, ownerUserId: text.nullable(), createdAt: whole }) }),
  z.object({ receipt: z.object({ opId: text, version: whole, fingerprint: text, collectedAt: whole }) }),
  z.object({ end: z.object({ lines: whole }) }),
])
export type Header = z.infer<typeof header>
export type Line = z.infer<typeof line>

const workspaceRow = prepared<{ id: string, name: string, description: string | null, created_at_ms: number, value: number | null, log_floor: number | null }>(`
  SELECT w.id, w.name, w.description, w.created_at_ms, c.value, c.log_floor
  FROM workspaces AS w LEFT JOIN server_version_counter AS c ON c.workspace_id = w.id WHERE w.id = ? AND w.deleted_at_ms IS NULL`)
const members = prepared<{ user_id: string, email: string | null, display_name: string | null, role: 'owner' | 'editor' | 'viewer' }>(`
  SELECT m.user_id, u.email, u.display_name, m.role FROM workspace_members AS m JOIN users AS u ON u.id = m.user_id
  WHERE m.workspace_id = ? ORDER BY m.created_at_ms, m.user_id`)

type EntryRow = Omit<ChangeLogTable, 'workspace_id'>

const AT_ONCE = 500
const entries = prepared<EntryRow>(`
  SELECT server_version, table_name, pk, op, deleted, payload_json, clock, hlc, op_id, device_id, owner_user_id, created_at
  FROM change_log WHERE workspace_id = ? AND server_version > ? ORDER BY server_version LIMIT ${AT_ONCE}`)
const receipts = prepared<{ op_id: string, server_version: number, fingerprint: Uint8Array, collected_at: number }>(`
  SELECT op_id, server_version, fingerprint, collected_at FROM op_receipts WHERE workspace_id = ? AND op_id > ? ORDER BY op_id LIMIT ${AT_ONCE}`)

interface StateRow extends Omit<EntryRow, 'op' | 'device_id' | 'table_name'> { created_version: number }

const UNEXPLAINED = 'NOT EXISTS (SELECT 1 FROM change_log AS l WHERE l.workspace_id = r.workspace_id AND l.server_version = r.server_version)'
const liveStates = (name: SyncedTable): ((...parameters: string[]) => Statement<StateRow>) => prepared<StateRow>(`
  SELECT r.server_version, r.pk, 0 AS deleted, r.payload_json, r.clock, r.hlc, r.op_id, r.created_version, 0 AS created_at,
    ${name === 'notifications' ? 'r.owner_user_id' : 'NULL'} AS owner_user_id
  FROM s_${name} AS r WHERE r.workspace_id = ? AND r.pk > ? AND ${UNEXPLAINED} ORDER BY r.pk LIMIT ${AT_ONCE}`)
const deletedStates = prepared<StateRow>(`
  SELECT r.server_version, r.pk, 1 AS deleted, NULL AS payload_json, r.clock, r.hlc, r.op_id, r.server_version AS created_version, r.deleted_at AS created_at, r.owner_user_id
  FROM tombstones AS r WHERE r.workspace_id = ? AND r.table_name = ? AND r.pk > ? AND ${UNEXPLAINED} ORDER BY r.pk LIMIT ${AT_ONCE}`)

/**
 * The lines of a workspace; none where there is none. `engine` must be one that nobody writes to, such as a copy:
 * each page is a read of its own. `redact` replaces what people wrote by filler of the same length. Throws DatabaseError.
 */
export async function* exportWorkspace(engine: Engine, workspaceId: string, { redact, nowMs }: { redact: boolean, nowMs: number }): AsyncGenerator<Header | Line> {
  const [row] = await engine.all(workspaceRow(workspaceId))
  if (!row) return
  const hide = (value: string | null) => redact ? fill(value) : value
  const version = row.value ?? 0
  let lines = 0
  const count = <Item extends Line>(item: Item): Item => {
    lines += 1
    return item
  }
  yield {
    or3: 'workspace', format: FORMAT, redacted: redact, exportedAtMs: nowMs, version, logFloor: row.log_floor ?? 0,
    workspace: { id: row.id, name: hide(row.name) ?? '', description: hide(row.description), createdAtMs: row.created_at_ms },
  }
  for (const member of await engine.all(members(workspaceId))) {
    yield count({ member: { userId: member.user_id, email: hide(member.email), displayName: hide(member.display_name), role: member.role } })
  }
  const payloadOf = (json: string | null) => json === null ? null : (redact ? redactPayload(JSON.parse(json)) : JSON.parse(json)) as Record<string, unknown>
  for (const name of SYNCED_TABLES) {
    for (const read of [(after: string) => liveStates(name)(workspaceId, after), (after: string) => deletedStates(workspaceId, name, after)]) {
      for (let after = ''; ;) {
        const page = await engine.all(read(after))
        for (const state of page) {
          yield count({ state: {
            version: state.server_version, createdVersion: state.created_version, table: name, pk: fromByteOrder(state.pk), deleted: state.deleted === 1, payload: payloadOf(state.payload_json),
            clock: state.clock, hlc: fromByteOrder(state.hlc), opId: state.op_id, ownerUserId: state.owner_user_id, createdAt: state.created_at,
          } })
        }
        after = page.at(-1)?.pk ?? ''
        if (page.length < AT_ONCE) break
      }
    }
  }
  for (let after = 0; ;) {
    const page = await engine.all(entries(workspaceId, after))
    for (const entry of page) {
      yield count({ entry: {
        version: entry.server_version, table: entry.table_name, pk: fromByteOrder(entry.pk), operation: entry.op, deleted: entry.deleted === 1, payload: payloadOf(entry.payload_json),
        clock: entry.clock, hlc: fromByteOrder(entry.hlc), opId: entry.op_id, deviceId: entry.device_id, ownerUserId: entry.owner_user_id, createdAt: entry.created_at,
      } })
    }
    after = page.at(-1)?.server_version ?? 0
    if (page.length < AT_ONCE) break
  }
  for (let after = ''; ;) {
    const page = await engine.all(receipts(workspaceId, after))
    for (const receipt of page) yield count({ receipt: { opId: receipt.op_id, version: receipt.server_version, fingerprint: Buffer.from(receipt.fingerprint).toString('hex'), collectedAt: receipt.collected_at } })
    after = page.at(-1)?.op_id ?? ''
    if (page.length < AT_ONCE) break
  }
  yield { end: { lines } }
}

/** Names of fields that say what a row is or belongs to, not what somebody wrote. */
const STRUCTURE = /^(?:id|hash|role|status|type|kind|post_type|order_key|mime_type|pk|hlc)$|_ids?$|_hash(?:es)?$/

/** The same with every text that people may have written replaced; shape, lengths and ids stay. */
function redactPayload(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return STRUCTURE.test(key) ? value : fill(value)
  if (Array.isArray(value)) return value.map(item => redactPayload(item, key))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redactPayload(inner, name)]))
}

function fill(value: string | null): string | null {
  return value === null ? null : value.replaceAll(/\S/gu, character => 'x'.repeat(character.length))
}
