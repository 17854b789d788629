import { createHash } from 'node:crypto'
import type { HistoryEntry } from '../sync/intake'
import { isSyncedTable, pkField } from '../sync/tables'
import type { SyncedTable } from '../sync/tables'

/* How rows of the earlier public provider (contract, Appendix A) become ours. Pure. */

export type OldRow = Readonly<Record<string, unknown>>

/** A change as the old log has it, or a state that its log does not explain. */
export interface OldChange {
  readonly table: SyncedTable
  readonly pk: string
  readonly operation: 'put' | 'delete'
  readonly payload: Record<string, unknown> | null
  readonly clock: number
  readonly hlc: string
  readonly opId: string
  readonly deviceId: string
  readonly createdAt: number
}

export const textOf = (value: unknown): string | null => typeof value === 'string' && value !== '' ? value : null
export const wholeOf = (value: unknown, otherwise = 0): number => typeof value === 'number' && Number.isFinite(value) ? Math.trunc(value) : otherwise

/** Seconds or milliseconds, as the old admin pages wrote one and everything else the other. Answers milliseconds. */
export function toMs(value: unknown): number {
  const time = wholeOf(value)
  return time > 100_000_000_000 ? time : time * 1000
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The same UUID for the same text: the host passes on no change whose op id is none (contract §2.2.3). */
export function toUuid(text: string): string {
  if (UUID.test(text)) return text
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** The stamps that the old provider itself gave rows of before it kept any (contract §2.2.7). */
function stampOf(row: OldRow, table: SyncedTable, pk: string): Pick<OldChange, 'clock' | 'hlc' | 'opId' | 'deviceId'> {
  const clock = Math.max(0, wholeOf(row.clock))
  return { clock, hlc: textOf(row.hlc) ?? 'legacy:0', opId: toUuid(textOf(row.op_id) ?? `legacy:${table}:${pk}:${clock}`), deviceId: textOf(row.device_id) ?? 'legacy' }
}

/** Undefined for a row of a table that nobody syncs. */
export function fromLog(row: OldRow): OldChange | undefined {
  const { table_name: table } = row
  const pk = textOf(row.pk)
  if (!isSyncedTable(table) || pk === null) return undefined
  const operation = row.op === 'delete' ? 'delete' as const : 'put' as const
  const payload = payloadOf(row.payload_json)
  return { table, pk, operation, payload: operation === 'put' ? payload ?? { [pkField(table)]: pk } : payload, ...stampOf(row, table, pk), createdAt: Math.floor(toMs(row.created_at) / 1000) }
}

/** A row of an s_ table. */
export function fromState(table: SyncedTable, row: OldRow): OldChange | undefined {
  const pk = textOf(row.id)
  if (pk === null) return undefined
  const deleted = row.deleted === 1
  const payload = payloadOf(row.data_json)
  return {
    table, pk, operation: deleted ? 'delete' : 'put', payload: deleted ? payload : payload ?? { [pkField(table)]: pk },
    ...stampOf(row, table, pk), createdAt: Math.floor(toMs(row.updated_at ?? row.created_at) / 1000),
  }
}

export function fromTombstone(row: OldRow): OldChange | undefined {
  const change = fromLog({ ...row, op: 'delete', created_at: row.deleted_at ?? row.created_at })
  return change && { ...change, payload: null }
}

/** `ownerOf` knows whose a notification is that a delete does not say. */
export function toEntry(change: OldChange, version: number, ownerOf: (pk: string) => string | undefined): HistoryEntry {
  const { payload, ...rest } = change
  const owner = change.table === 'notifications' ? textOf(payload?.user_id) ?? ownerOf(change.pk) ?? '' : null
  return {
    ...rest, version, ownerUserId: owner,
    deleted: change.operation === 'delete' || payload?.deleted === true,
    payloadJson: payload === null ? null : JSON.stringify(payload),
  }
}

/** Whose a notification is, by its payload. */
export function ownerIn(json: unknown): string | undefined {
  return textOf(payloadOf(json)?.user_id) ?? undefined
}

function payloadOf(json: unknown): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(String(json))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : null
  }
  catch {
    return null
  }
}
