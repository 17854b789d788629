import { fromByteOrder } from '../byte-order'
import type { Engine } from '../engine/engine'
import type { PushResult } from '../host/contract'
import type { CheckedOp, OpContext } from './check-op'
import { keepReferences, mayMention } from './file-references'
import { foldBatch } from './fold'
import type { AppliedOp, CurrentState, EarlierOp, Written } from './outcome'
import { appliedOps, outcome } from './outcome'
import type { DeletedState, LiveState } from './push-sql'
import { advanceCounter, appendToLog, contentOf, deletedState, ensureCounter, foldIntoState, knownOps, liveState, newVersions, receipts, versionBefore } from './push-sql'
import { revisionOf } from './revision'
import type { SyncedTable } from './tables'
import { counterOf, removedWorkspace, WorkspaceRemovedError } from './workspace-sql'

export interface Pushed {
  /** What the host is answered. */
  readonly result: PushResult
  /** The ops that made a difference, for whoever wants to hear of it. */
  readonly applied: readonly AppliedOp[]
}

/**
 * Writes a batch of ops in one atomic batch of statements, all new ones or none, and tells each what
 * became of it. Throws {@link WorkspaceRemovedError} and DatabaseError; a faulty op only gets a faulty
 * result.
 */
export async function push(engine: Engine, inputs: readonly unknown[], context: OpContext): Promise<Pushed> {
  const { workspaceId } = context
  const batch = foldBatch(inputs, context)
  if (batch.ops.length === 0) {
    return { result: outcome(batch, { ...NOTHING_WRITTEN, serverVersion: await currentVersion(engine, workspaceId) }), applied: [] }
  }
  const opIds = JSON.stringify(batch.ops.map(op => op.opId))
  const tables = groupByTable(batch.ops)

  const removed = removedWorkspace(workspaceId)
  const versions = newVersions(workspaceId, workspaceId)
  const known = knownOps(workspaceId, opIds)
  const receipted = receipts(workspaceId, opIds)
  const standing = tables.map(({ table, pks }) => ({ table, live: liveState(workspaceId, table, pks), deleted: deletedState(workspaceId, table, pks) }))
  const before = versionBefore(workspaceId)

  const result = await engine.batch([
    ensureCounter(workspaceId),
    appendToLog(workspaceId, batch.ops, Math.floor(context.nowMs / 1000)),
    ...tables.flatMap(({ table, puts, deletes, mentions }) => [
      ...foldIntoState(workspaceId, table, { puts, deletes }),
      ...keepReferences(workspaceId, table, mentions),
    ]),
    before, removed, versions, known, receipted,
    ...standing.flatMap(({ live, deleted }) => [live, deleted]),
    advanceCounter(workspaceId, workspaceId),
  ])
  if (result.rowsOf(removed).length > 0) throw new WorkspaceRemovedError()

  const states = new Map<string, CurrentState>()
  for (const { table, live, deleted } of standing) {
    for (const row of result.rowsOf(live)) states.set(keyOf(table, fromByteOrder(row.pk)), liveNow(row))
    for (const row of result.rowsOf(deleted)) states.set(keyOf(table, fromByteOrder(row.pk)), deletedNow(row))
  }

  const given = new Map(result.rowsOf(versions).map(row => [row.op_id, row.server_version]))
  const written: Written = {
    serverVersion: Math.max(result.rowsOf(before)[0]?.value ?? 0, ...given.values()),
    newVersions: given,
    earlier: new Map<string, EarlierOp>([
      ...result.rowsOf(receipted).map(row => [row.op_id, { serverVersion: row.server_version, content: undefined, fingerprint: row.fingerprint }] as const),
      ...result.rowsOf(known).map(row => [row.op_id, { serverVersion: row.server_version, content: contentOf(row), fingerprint: undefined }] as const),
    ]),
    current: (table, pk) => states.get(keyOf(table, pk)),
  }
  return { result: outcome(batch, written), applied: appliedOps(batch, written) }
}

const NOTHING_WRITTEN = { newVersions: new Map<string, number>(), earlier: new Map<string, EarlierOp>(), current: () => undefined }

/** What a batch without a single op to write answers: the version, not 0 (trap S22). */
async function currentVersion(engine: Engine, workspaceId: string): Promise<number> {
  const counter = await engine.read(() => counterOf(workspaceId))
  return counter.value
}

interface TableGroup {
  readonly table: SyncedTable
  readonly pks: readonly string[]
  readonly puts: boolean
  readonly deletes: boolean
  /** Some op may mention a file. */
  readonly mentions: boolean
}

function groupByTable(ops: readonly CheckedOp[]): TableGroup[] {
  return [...Map.groupBy(ops, op => op.table)].map(([table, group]) => ({
    table,
    pks: [...new Set(group.map(op => op.pk))],
    puts: group.some(op => !op.deleted),
    deletes: group.some(op => op.deleted),
    mentions: group.some(op => mayMention(op.payloadJson)),
  }))
}

function liveNow(row: LiveState): CurrentState {
  return { revision: revisionOf(row), payloadJson: row.payload_json, deletedAt: undefined, createdVersion: row.created_version }
}

function deletedNow(row: DeletedState): CurrentState {
  return { revision: revisionOf(row), payloadJson: row.payload_json, deletedAt: row.deleted_at, createdVersion: undefined }
}

/** A pk holds no NUL (check-op.ts), so the key is unambiguous. */
function keyOf(table: SyncedTable, pk: string): string {
  return `${table}\0${pk}`
}
