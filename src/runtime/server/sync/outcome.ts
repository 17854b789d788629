import type { Payload, PushOpResult, PushResult, Winner } from '../host/contract'
import type { CheckedOp } from './check-op'
import type { OpContent } from './fingerprint'
import { fingerprint, sameContent } from './fingerprint'
import type { FoldedBatch } from './fold'
import type { Revision } from './revision'
import type { SyncedTable } from './tables'
import { pkField } from './tables'

/** What stands under a key once the batch is written. */
export interface CurrentState {
  readonly revision: Revision
  /** Null where this batch wrote it, or where it has none. */
  readonly payloadJson: string | null
  /** Seconds, when the server took the delete; undefined for a live row. */
  readonly deletedAt: number | undefined
  /** The version of the put that made the live row; undefined for a deleted one. */
  readonly createdVersion: number | undefined
}

/** An op the workspace had accepted before this batch: its content, or the hash its receipt kept. */
export interface EarlierOp {
  readonly serverVersion: number
  readonly content: OpContent | undefined
  readonly fingerprint: Uint8Array | undefined
}

/** Everything read back after the writes. */
export interface Written {
  readonly serverVersion: number
  /** Versions given to ops of this batch, by op id. */
  readonly newVersions: ReadonlyMap<string, number>
  readonly earlier: ReadonlyMap<string, EarlierOp>
  current(table: SyncedTable, pk: string): CurrentState | undefined
}

/** Tells each op of the batch what became of it, one result for each distinct op id. */
export function outcome(batch: FoldedBatch, written: Written): PushResult {
  const ops = new Map(batch.ops.map(op => [op.opId, op]))
  const results = batch.opIds.map((opId): PushOpResult => {
    const fault = batch.faults.get(opId)
    if (fault) return { opId, success: false, ...fault }
    const op = ops.get(opId)
    return op ? outcomeOf(op, ops, written) : { opId, success: false, error: 'The op was not processed', errorCode: 'SERVER_ERROR' }
  })
  return { results, serverVersion: written.serverVersion }
}

/** An op of this batch that is the state of its row now. */
export interface AppliedOp {
  readonly op: CheckedOp
  readonly change: 'create' | 'update' | 'delete'
}

/** The new ops that made a difference, in order; retries made theirs the first time. */
export function appliedOps(batch: FoldedBatch, written: Written): AppliedOp[] {
  const first = Math.min(...written.newVersions.values())
  return batch.ops.flatMap((op): AppliedOp[] => {
    const current = written.current(op.table, op.pk)
    if (!written.newVersions.has(op.opId) || current?.revision.opId !== op.opId) return []
    const change = current.createdVersion === undefined ? 'delete' : current.createdVersion >= first ? 'create' : 'update'
    return [{ op, change }]
  })
}

function outcomeOf(op: CheckedOp, ops: ReadonlyMap<string, CheckedOp>, written: Written): PushOpResult {
  const { opId } = op
  const version = written.newVersions.get(opId)
  if (version !== undefined) return accepted(op, version, ops, written)

  // Receipts before rights: a replay answers what it answered the first time (trap S10).
  const earlier = written.earlier.get(opId)
  if (!earlier) return { opId, success: false, error: 'Forbidden: notification owner mismatch', errorCode: 'UNAUTHORIZED' }
  if (!isReplay(op, earlier)) {
    return { opId, success: false, error: `Conflicting operation reuses processed op_id ${opId}`, errorCode: 'CONFLICT' }
  }
  return { ...accepted(op, earlier.serverVersion, ops, written), replayed: true }
}

/**
 * `applied` is told from the state after the batch, for new ops and replays alike (trap S5): an op that
 * a later one has overtaken was not the last word, and its sender is given what is (trap S6).
 */
function accepted(op: CheckedOp, serverVersion: number, ops: ReadonlyMap<string, CheckedOp>, written: Written): PushOpResult {
  const base = { opId: op.opId, success: true, serverVersion }
  const current = written.current(op.table, op.pk)
  if (!current || current.revision.opId === op.opId) return { ...base, applied: true }
  const { opId } = current.revision
  const sent = written.newVersions.has(opId) ? ops.get(opId)?.payloadJson : undefined
  const json = current.payloadJson ?? sent ?? null
  const payload = payloadOf(op, current, json)
  return { ...base, applied: false, payload, winner: winnerOf(current, payload) }
}

function payloadOf(op: CheckedOp, current: CurrentState, json: string | null): Payload {
  const payload = json === null ? {} : JSON.parse(json) as Payload
  if (current.deletedAt === undefined) return payload
  return { ...payload, [pkField(op.table)]: op.pk, deleted: true, deleted_at: payload.deleted_at ?? current.deletedAt }
}

function winnerOf({ revision, deletedAt }: CurrentState, payload: Payload): Winner {
  return deletedAt === undefined ? { kind: 'put', payload, revision } : { kind: 'delete', revision, serverDeletedAt: deletedAt }
}

function isReplay(op: CheckedOp, earlier: EarlierOp): boolean {
  if (earlier.content) return sameContent(earlier.content, op)
  return earlier.fingerprint !== undefined && Buffer.compare(earlier.fingerprint, fingerprint(op)) === 0
}
