import { clampCount } from '../input'
import { isSyncedTable, SYNCED_TABLES } from './tables'
import type { SyncedTable } from './tables'

export const MAX_PAGE_ROWS = 1000
const DEFAULT_PAGE_ROWS = 100

/** A page stops after the row that takes its payloads past this, whatever its limit (hazard F19). */
export const MAX_PAGE_BYTES = 4 * 1024 * 1024

/** Rows per page: 1 to 1000, 100 for a caller that names none. */
export function clampLimit(limit: unknown): number {
  return clampCount(limit, DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS)
}

/** The tables of a pull, or undefined for all of them. Unknown names are ignored (trap S26). */
export function tableFilter(tables: readonly string[] | undefined): readonly SyncedTable[] | undefined {
  if (tables === undefined) return undefined
  const known = SYNCED_TABLES.filter(table => tables.includes(table))
  return known.length === SYNCED_TABLES.length ? undefined : known.filter(isSyncedTable)
}

/**
 * Whether a device at `cursor` must take a snapshot: what it lacks was collected, or it is ahead of the
 * server because the database is an older copy than the one it synced with (trap S15).
 */
export function requiresSnapshot(cursor: number, counter: { value: number, logFloor: number }): boolean {
  return cursor < counter.logFloor || cursor > counter.value
}

/** The oldest version still in the log; 0 while nothing that a device needs was collected. */
export function oldestRetainedVersion(logFloor: number): number {
  return logFloor === 0 ? 0 : logFloor + 1
}

/** Whether `userId` may see a change that belongs to `ownerUserId` alone, if it belongs to anybody. */
export function isVisible(ownerUserId: string | null, userId: string | undefined): boolean {
  return ownerUserId === null || ownerUserId === userId
}
