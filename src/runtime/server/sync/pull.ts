import { fromByteOrder } from '../byte-order'
import type { Engine, Reading } from '../engine/engine'
import { ask, prepared } from '../engine/engine'
import type { Payload, PullResponse, SyncChange } from '../host/contract'
import { clampLimit, isVisible, MAX_PAGE_BYTES, oldestRetainedVersion, requiresSnapshot, tableFilter } from './page'
import type { SyncedTable } from './tables'
import { counterOf } from './workspace-sql'

/**
 * Rows read at a time, so that a page of large rows is cut before it is all in memory (hazard F19). One more
 * than a hundred: pages are of hundreds, and one row more tells whether there is another page.
 */
const ROWS_PER_READ = 101

interface LogRow {
  readonly server_version: number
  readonly table_name: SyncedTable
  readonly pk: string
  readonly op: 'put' | 'delete'
  readonly payload_json: string | null
  readonly clock: number
  readonly hlc: string
  readonly op_id: string
  readonly device_id: string
  readonly owner_user_id: string | null
}

const COLUMNS = 'server_version, table_name, pk, op, payload_json, clock, hlc, op_id, device_id, owner_user_id'

/* Both walk the primary key (workspace_id, server_version). */
const allTables = prepared<LogRow>(`
  SELECT ${COLUMNS} FROM change_log
  WHERE workspace_id = ? AND server_version > ?
  ORDER BY server_version
  LIMIT ?`)

const someTables = prepared<LogRow>(`
  SELECT ${COLUMNS} FROM change_log
  WHERE workspace_id = ? AND server_version > ? AND table_name IN (SELECT value FROM json_each(?))
  ORDER BY server_version
  LIMIT ?`)

export interface PullInput {
  readonly workspaceId: string
  readonly userId: string | undefined
  readonly cursor: number
  readonly limit: unknown
  readonly tables: readonly string[] | undefined
}

/**
 * One page of changes after `cursor`, from one snapshot of the database, so that rows, watermark and
 * floor agree (trap S14). Throws WorkspaceRemovedError and DatabaseError.
 */
export async function pull(engine: Engine, input: PullInput): Promise<PullResponse> {
  return engine.read(() => readPage(input))
}

function* readPage(input: PullInput): Reading<PullResponse> {
  const counter = yield* counterOf(input.workspaceId)
  const { rows, hasMore } = yield* readRows(input)
  return {
    changes: rows.filter(row => isVisible(row.owner_user_id, input.userId)).map(toChange),
    // Of the last row read, not of the last one shown: rows of others must not hold the cursor (trap S25).
    nextCursor: rows.at(-1)?.server_version ?? input.cursor,
    hasMore,
    oldestRetainedVersion: oldestRetainedVersion(counter.logFloor),
    requiresSnapshot: requiresSnapshot(input.cursor, counter),
  }
}

function* readRows({ workspaceId, cursor, limit, tables }: PullInput): Reading<{ rows: LogRow[], hasMore: boolean }> {
  const filter = tableFilter(tables)
  const names = JSON.stringify(filter)
  const wanted = clampLimit(limit)
  const rows: LogRow[] = []
  let bytes = 0
  for (;;) {
    const after = rows.at(-1)?.server_version ?? cursor
    // One more than wanted tells whether there is more.
    const size = Math.min(ROWS_PER_READ, wanted - rows.length + 1)
    const read = yield* ask(filter ? someTables(workspaceId, after, names, size) : allTables(workspaceId, after, size))
    for (const row of read) {
      if (rows.length === wanted || bytes >= MAX_PAGE_BYTES) return { rows, hasMore: true }
      rows.push(row)
      bytes += row.payload_json?.length ?? 0
    }
    if (read.length < size) return { rows, hasMore: false }
  }
}

function toChange(row: LogRow): SyncChange {
  const change: SyncChange = {
    serverVersion: row.server_version,
    tableName: row.table_name,
    pk: fromByteOrder(row.pk),
    op: row.op,
    stamp: { deviceId: row.device_id, opId: row.op_id, hlc: fromByteOrder(row.hlc), clock: row.clock },
  }
  if (row.payload_json !== null) change.payload = JSON.parse(row.payload_json) as Payload
  return change
}
