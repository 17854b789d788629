import type { SnapshotRequest } from '../host/contract'
import { MAX_PAGE_ROWS } from './page'
import type { SnapshotPosition } from './snapshot-token'
import { fromToken } from './snapshot-token'
import type { SyncedTable } from './tables'
import { isSyncedTable } from './tables'

export interface CheckedSnapshot {
  readonly pageSize: number
  /** In the order of their names. */
  readonly tables: readonly SyncedTable[] | undefined
  readonly position: SnapshotPosition | undefined
}

/** Accepts a snapshot request or names its fault, in the contract's words (§2.2.7). */
export function checkSnapshot(workspaceId: string, request: SnapshotRequest): CheckedSnapshot | { fault: string, status: 400 | 403 } {
  const { pageSize, pageToken, tables } = request
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > MAX_PAGE_ROWS) return bad(`pageSize must be an integer between 1 and ${MAX_PAGE_ROWS}`)
  if (tables !== undefined && !Array.isArray(tables)) return bad('tables must be a list of names')
  const stranger = tables?.find(table => !isSyncedTable(table))
  if (stranger !== undefined) return bad(`Invalid snapshot table: ${typeof stranger === 'string' ? stranger.slice(0, 64) : typeof stranger}`)
  const position = pageToken === undefined || pageToken === null ? undefined : fromToken(workspaceId, pageToken)
  if (position === 'foreign') return { fault: 'Forbidden', status: 403 }
  if (position === undefined && pageToken !== undefined && pageToken !== null) return bad('Invalid snapshot page token')
  return { pageSize, tables: tables && [...new Set(tables.filter(isSyncedTable))].sort(), position }
}

function bad(fault: string): { fault: string, status: 400 } {
  return { fault, status: 400 }
}
