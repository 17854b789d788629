import { fromByteOrder } from '../byte-order'
import type { Payload, SnapshotItem } from '../host/contract'
import { revisionOf } from './revision'
import type { SyncedTable } from './tables'
import { pkField } from './tables'

/** A state as a snapshot reads it; `deleted_at` is null for a live row. */
export interface StateRow {
  readonly pk: string
  readonly payload_json: string | null
  readonly clock: number
  readonly hlc: string
  readonly op_id: string
  readonly deleted_at: number | null
}

type FieldType = 'string' | 'number' | 'boolean'

const TIMES = { created_at: 'number', updated_at: 'number', clock: 'number' } as const
const DELETED = { deleted: 'boolean', ...TIMES } as const

/** What a client's schema wants of a row (contract §3.4). A row without stops its whole bootstrap. */
const REQUIRED: Record<SyncedTable, Readonly<Record<string, FieldType>>> = {
  threads: { id: 'string', status: 'string', pinned: 'boolean', ...DELETED },
  messages: { id: 'string', thread_id: 'string', role: 'string', index: 'number', order_key: 'string', ...DELETED },
  projects: { id: 'string', name: 'string', ...DELETED },
  posts: { id: 'string', title: 'string', content: 'string', post_type: 'string', ...DELETED },
  kv: { id: 'string', name: 'string', ...TIMES },
  file_meta: { hash: 'string', ...DELETED },
  notifications: { id: 'string', user_id: 'string', type: 'string', title: 'string', ...DELETED },
}

/** What the client fills in itself where it is missing (contract §3.7). */
const DEFAULTS: Partial<Record<SyncedTable, Payload>> = { threads: { forked: false, status: 'ready', pinned: false } }

/**
 * A state as the host hands it to a device. Undefined for a row that no device could take even with
 * defaults filled in: it is left out, because a tombstone would delete what devices have (trap S21).
 */
export function toItem(table: SyncedTable, row: StateRow): SnapshotItem | undefined {
  const base = { tableName: table, pk: fromByteOrder(row.pk), revision: revisionOf(row) }
  if (row.deleted_at !== null) return { kind: 'tombstone', ...base, serverDeletedAt: row.deleted_at }
  const stored = JSON.parse(row.payload_json ?? '{}') as Payload
  // Almost every row is as it should be, and a bootstrap has many.
  const payload = isUsable(table, stored) && stored[pkField(table)] === base.pk ? stored : complete(table, base.pk, row.clock, stored)
  return isUsable(table, payload) ? { kind: 'row', ...base, payload } : undefined
}

const REQUIRED_FIELDS = Object.fromEntries(Object.entries(REQUIRED).map(([table, fields]) => [table, Object.entries(fields)])) as Record<SyncedTable, [string, FieldType][]>

function isUsable(table: SyncedTable, payload: Payload): boolean {
  for (const [field, type] of REQUIRED_FIELDS[table]) {
    if (typeof payload[field] !== type) return false
  }
  return true
}

function complete(table: SyncedTable, pk: string, clock: number, payload: Payload): Payload {
  const deleted = 'deleted' in REQUIRED[table] ? { deleted: false } : {}
  return { ...DEFAULTS[table], ...deleted, clock, ...renamed(table, payload), [pkField(table)]: pk }
}

/** Rows of old clients may carry a required field under its camelCase name. */
function renamed(table: SyncedTable, payload: Payload): Payload {
  return Object.fromEntries(Object.entries(payload).map(([key, value]) => {
    const snake = key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
    return [snake in REQUIRED[table] && !Object.hasOwn(payload, snake) ? snake : key, value]
  }))
}
