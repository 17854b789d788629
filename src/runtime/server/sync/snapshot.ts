import { toByteOrder } from '../byte-order'
import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock'
import type { Engine, Plan, Reading, Statement } from '../engine/engine'
import { ask, prepared } from '../engine/engine'
import type { SnapshotItem, SnapshotResponse } from '../host/contract'
import { MAX_PAGE_BYTES } from './page'
import type { StateRow } from './snapshot-item'
import { toItem } from './snapshot-item'
import type { SnapshotPosition } from './snapshot-token'
import { toToken } from './snapshot-token'
import type { SyncedTable } from './tables'
import { SYNCED_TABLES } from './tables'
import { counterOf } from './workspace-sql'

/** A device that has not come to the end of its bootstrap by then starts again (contract §2.2.7). */
export const SNAPSHOT_TTL_SECONDS = 3600

/** Open snapshots a user may have in a workspace; one more ends the oldest, which nobody reads any more (trap S19). */
export const MAX_OPEN_SNAPSHOTS = 8

/** How long the last page may still be asked for again. */
const LAST_PAGE_SECONDS = 60

/** Rows read at a time, so that a page of large rows is cut before it is all in memory (hazard F19). */
const ROWS_PER_READ = 101

export type SnapshotRefusal = 'expired' | 'foreign' | 'tables-changed'

export class SnapshotRefusedError extends Error {
  override readonly name = 'SnapshotRefusedError'

  constructor(readonly refusal: SnapshotRefusal) {
    super(refusal)
  }
}

export interface SnapshotInput {
  readonly workspaceId: string
  readonly userId: string | undefined
  /** In the order of their names; undefined where a later page does not repeat them. */
  readonly tables: readonly SyncedTable[] | undefined
  readonly pageSize: number
  readonly position: SnapshotPosition | undefined
  readonly nowMs: number
}

export interface SnapshotPage {
  readonly response: SnapshotResponse
  /** The tables of rows that are left out because no device could take them (trap S21). */
  readonly omitted: readonly SyncedTable[]
}

interface OpenSnapshot {
  readonly id: string
  readonly workspaceId: string
  readonly userId: string | undefined
  readonly watermark: number
  readonly tables: readonly SyncedTable[]
}

const openedBefore = prepared<{ user_id: string | null, high_watermark: number, tables_json: string }>(`
  SELECT user_id, high_watermark, tables_json FROM snapshots WHERE workspace_id = ? AND id = ? AND expires_at > ?`)

const insertSnapshot = prepared<never>(`
  INSERT INTO snapshots (workspace_id, id, user_id, high_watermark, tables_json, created_at, expires_at)
  VALUES (?, ?, ?, ?, ?, ?, ?)`)

const endOldest = prepared<never>(`
  DELETE FROM snapshots WHERE rowid IN (
    SELECT rowid FROM snapshots WHERE workspace_id = ? AND user_id IS ?
    ORDER BY expires_at > ? DESC, rowid DESC LIMIT -1 OFFSET ?)`)

/** The last page may be asked for once more; then nobody needs the snapshot. */
const endSoon = prepared<never>('UPDATE snapshots SET expires_at = MIN(expires_at, ?) WHERE workspace_id = ? AND id = ?')

const endExpired = prepared<never>('DELETE FROM snapshots WHERE expires_at <= ?')

const keptAfter = prepared<{ last: number | null }>(`
  SELECT MAX(rowid) AS last FROM (SELECT rowid FROM replaced_states WHERE rowid > ? ORDER BY rowid LIMIT ?)`)

/** Of some kept states those that no open snapshot shows any more. */
const dropUnseen = prepared<never>(`
  DELETE FROM replaced_states
  WHERE rowid > ? AND rowid <= ? AND NOT EXISTS (
    SELECT 1 FROM snapshots AS s
    WHERE s.workspace_id = replaced_states.workspace_id
      AND s.high_watermark BETWEEN replaced_states.server_version AND replaced_states.last_version)`)

/** The tables a snapshot goes through, in the order of their names. */
export const SNAPSHOT_TABLES: readonly SyncedTable[] = [...SYNCED_TABLES].sort()

/*
 * What stood at a watermark: current states up to it, and kept ones that were replaced after it. Each part
 * walks its primary key from the position on, and SQLite merges the three.
 */
const STATES_AT = Object.fromEntries(SYNCED_TABLES.map(table => [table, `
  SELECT pk, payload_json, clock, hlc, op_id, NULL AS deleted_at FROM s_${table}
  WHERE workspace_id = ? AND pk > ? AND server_version <= ? AND ${visible(table === 'notifications' ? 'owner_user_id' : 'NULL')}
  UNION ALL
  SELECT pk, NULL, clock, hlc, op_id, deleted_at FROM tombstones
  WHERE workspace_id = ? AND pk > ? AND server_version <= ? AND ${visible('owner_user_id')}
    AND table_name = '${table}'
  UNION ALL
  SELECT pk, payload_json, clock, hlc, op_id, deleted_at FROM replaced_states
  WHERE workspace_id = ? AND pk > ? AND server_version <= ? AND ${visible('owner_user_id')}
    AND table_name = '${table}' AND last_version >= ?
  ORDER BY pk LIMIT ?`])) as Record<SyncedTable, string>

function visible(owner: string): string {
  return `(${owner} IS NULL OR ${owner} = ?)`
}

function statesAt(open: OpenSnapshot, table: SyncedTable, after: string, limit: number): Statement<StateRow> {
  const part = [open.workspaceId, after, open.watermark, open.userId ?? null]
  return { sql: STATES_AT[table], parameters: [...part, ...part, ...part, open.watermark, limit] }
}

/**
 * One page of a workspace as it was at one version. Nothing is copied: the first page notes the version,
 * and while the note stands, triggers keep what pushes replace (migration 003). Throws
 * {@link SnapshotRefusedError}, WorkspaceRemovedError and DatabaseError.
 */
export async function snapshot(engine: Engine, input: SnapshotInput): Promise<SnapshotPage> {
  const { position } = input
  if (!position) return engine.write(() => firstPage(input, randomUUID()))
  const page = await engine.read(() => nextPage(input, position))
  if (page.response.nextPageToken === null) {
    await engine.batch([endSoon(Math.floor(input.nowMs / 1000) + LAST_PAGE_SECONDS, input.workspaceId, position.snapshotId)])
  }
  return page
}

/**
 * A chore that ends snapshots past their time and, from call to call, walks what was kept for them and drops
 * what nobody sees any more. Each call returns the number of kept states it has looked at, 0 at the end.
 */
export function snapshotChore(engine: Engine, clock: Clock, statesAtOnce = 100): () => Promise<number> {
  let after = 0
  return async () => {
    // Once in a walk, not at every step of it.
    if (after === 0) await engine.batch([endExpired(Math.floor(clock.now() / 1000))])
    const [row] = await engine.all(keptAfter(after, statesAtOnce))
    const last = row?.last ?? null
    const from = after
    after = last ?? 0
    if (last === null) return 0
    await engine.batch([dropUnseen(from, last)])
    return statesAtOnce
  }
}

function* firstPage(input: SnapshotInput, id: string): Reading<Plan<SnapshotPage>> {
  const { workspaceId, userId, tables = SNAPSHOT_TABLES } = input
  const { value: watermark } = yield* counterOf(workspaceId)
  const result = yield* readPage({ id, workspaceId, userId, watermark, tables }, { snapshotId: id, tableIndex: 0, pk: '' }, input)
  if (result.response.nextPageToken === null) return { writes: [], result }
  const now = Math.floor(input.nowMs / 1000)
  const writes: Statement[] = [
    insertSnapshot(workspaceId, id, userId ?? null, watermark, JSON.stringify(tables), now, now + SNAPSHOT_TTL_SECONDS),
    endOldest(workspaceId, userId ?? null, now + LAST_PAGE_SECONDS, MAX_OPEN_SNAPSHOTS),
    endExpired(now),
  ]
  return { writes, result }
}

function* nextPage(input: SnapshotInput, position: SnapshotPosition): Reading<SnapshotPage> {
  const { workspaceId, userId } = input
  yield* counterOf(workspaceId)
  const [row] = yield* ask(openedBefore(workspaceId, position.snapshotId, Math.floor(input.nowMs / 1000)))
  if (!row) throw new SnapshotRefusedError('expired')
  if (row.user_id !== (userId ?? null)) throw new SnapshotRefusedError('foreign')
  const tables = JSON.parse(row.tables_json) as SyncedTable[]
  if (input.tables && input.tables.join() !== tables.join()) throw new SnapshotRefusedError('tables-changed')
  return yield* readPage({ id: position.snapshotId, workspaceId, userId, watermark: row.high_watermark, tables }, position, input)
}

function* readPage(open: OpenSnapshot, from: SnapshotPosition, { pageSize }: SnapshotInput): Reading<SnapshotPage> {
  const items: SnapshotItem[] = []
  const omitted: SyncedTable[] = []
  let bytes = 0
  let last = from
  const page = (nextPageToken: string | null): SnapshotPage => ({
    response: { workspaceId: open.workspaceId, snapshotId: open.id, highWatermark: open.watermark, items, nextPageToken },
    omitted,
  })
  for (const [tableIndex, table] of open.tables.entries()) {
    if (tableIndex < from.tableIndex) continue
    let after = tableIndex === from.tableIndex ? toByteOrder(from.pk) : ''
    for (;;) {
      // One more than fits tells whether there is another page.
      const size = Math.min(ROWS_PER_READ, pageSize - items.length + 1)
      const rows = yield* ask(statesAt(open, table, after, size))
      for (const row of rows) {
        const item = toItem(table, row)
        after = row.pk
        if (!item) {
          omitted.push(table)
          continue
        }
        if (items.length === pageSize || bytes >= MAX_PAGE_BYTES) return page(toToken(open.workspaceId, last))
        items.push(item)
        bytes += row.payload_json?.length ?? 0
        last = { snapshotId: open.id, tableIndex, pk: item.pk }
      }
      if (rows.length < size) break
    }
  }
  return page(null)
}
