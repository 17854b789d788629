import { toByteOrder } from '../byte-order'
import type { BulkStatement, Statement } from '../engine/engine'
import { prepared } from '../engine/engine'
import { keepReferences } from './file-references'
import { advanceCounter, foldIntoState } from './push-sql'
import type { SyncedTable } from './tables'

/** A log entry as it was elsewhere: another file, or another provider. Times in seconds. */
export interface HistoryEntry {
  readonly version: number
  readonly table: SyncedTable
  readonly pk: string
  readonly operation: 'put' | 'delete'
  readonly deleted: boolean
  readonly payloadJson: string | null
  readonly clock: number
  readonly hlc: string
  readonly opId: string
  readonly deviceId: string
  readonly ownerUserId: string | null
  readonly createdAt: number
}

/** A state whose log entry was collected. */
export interface HistoryState extends Omit<HistoryEntry, 'operation' | 'deviceId'> {
  readonly createdVersion: number
}

export interface HistoryReceipt {
  readonly opId: string
  readonly version: number
  readonly fingerprint: Uint8Array
  readonly collectedAt: number
}

/** A workspace's history begins at 0, whatever an earlier life of the file may have handed out to others. */
export const beginHistory = prepared<never>('INSERT INTO server_version_counter (workspace_id, value, log_floor) VALUES (?, 0, ?)')

/** Ends it: versions go on above `value`. */
export const endHistory = prepared<never>('UPDATE server_version_counter SET value = MAX(value, ?) WHERE workspace_id = ?')

/**
 * Takes entries with the versions they have, above all that the workspace has so far, and folds them into its
 * rows as a push would. One batch for as many as are given.
 */
export function takeEntries(workspaceId: string, entries: readonly HistoryEntry[]): (Statement | BulkStatement)[] {
  const tables = [...new Set(entries.map(({ table }) => table))]
  return [
    {
      sql: `
        INSERT INTO change_log (
          workspace_id, server_version, table_name, pk, op, deleted, payload_json, clock, hlc, op_id, device_id, owner_user_id, created_at
        ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      rows: entries.map(entry => [
        workspaceId, entry.version, entry.table, toByteOrder(entry.pk), entry.operation, entry.deleted ? 1 : 0, entry.payloadJson,
        entry.clock, toByteOrder(entry.hlc), entry.opId, entry.deviceId, entry.ownerUserId, entry.createdAt,
      ]),
    },
    ...tables.flatMap(table => [...foldIntoState(workspaceId, table, { puts: true, deletes: true }), ...keepReferences(workspaceId, table, true)]),
    advanceCounter(workspaceId, workspaceId),
  ]
}

/** Takes states that no log entry explains any more. */
export function takeStates(workspaceId: string, states: readonly HistoryState[]): BulkStatement[] {
  const rows = states.filter(({ deleted }) => !deleted)
  return [
    ...[...Map.groupBy(rows, ({ table }) => table)].map(([table, group]): BulkStatement => {
      const isOwned = table === 'notifications'
      return {
        sql: `
          INSERT INTO s_${table} (workspace_id, pk, payload_json, clock, hlc, op_id, server_version, created_version${isOwned ? ', owner_user_id' : ''})
          VALUES (?, ?, ?, ?, ?, ?, ?, ?${isOwned ? ', ?' : ''})`,
        rows: group.map(state => [
          workspaceId, toByteOrder(state.pk), state.payloadJson ?? '{}', state.clock, toByteOrder(state.hlc), state.opId, state.version, state.createdVersion,
          ...isOwned ? [state.ownerUserId ?? ''] : [],
        ]),
      }
    }),
    {
      sql: `
        INSERT INTO tombstones (workspace_id, table_name, pk, clock, hlc, op_id, server_version, owner_user_id, deleted_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      rows: states.filter(({ deleted }) => deleted).map(state => [
        workspaceId, state.table, toByteOrder(state.pk), state.clock, toByteOrder(state.hlc), state.opId, state.version, state.ownerUserId, state.createdAt,
      ]),
    },
  ]
}

export function takeReceipts(workspaceId: string, receipts: readonly HistoryReceipt[]): BulkStatement {
  return {
    sql: 'INSERT INTO op_receipts (workspace_id, op_id, server_version, fingerprint, collected_at) VALUES (?, ?, ?, ?, ?)',
    rows: receipts.map(({ opId, version, fingerprint, collectedAt }) => [workspaceId, opId, version, fingerprint, collectedAt]),
  }
}

/** Takes back all that was taken, after a failure. */
export function forgetHistory(workspaceId: string, tables: readonly SyncedTable[]): Statement[] {
  return ['change_log', 'op_receipts', 'tombstones', 'file_references', ...tables.map(table => `s_${table}`), 'server_version_counter']
    .map(name => ({ sql: `DELETE FROM ${name} WHERE workspace_id = ?`, parameters: [workspaceId] }))
}
