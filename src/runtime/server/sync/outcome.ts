import type { Payload, PushOpResult, PushResult } from '../host/contract'
import type { CheckedOp } from './check-op'
import type { OpContent } from './fingerprint'
import { fingerprint, sameContent } from './fingerprint'
import type { FoldedBatch } from './fold'
import type { SyncedTable } from './tables'
import { pkField } from './tables'

/** What stands under a key once the batch is written. */
export interface Winner {
  readonly opId: string
  /** Null where the caller sent the winning op itself and has its payload. */
  readonly payloadJson: string | null
  /** Seconds, when the server took the delete; undefined for a live row. */
  readonly deletedAt: number | undefined
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
  winner(table: SyncedTable, pk: string): Winner | undefined
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
  return accepted(op, earlier.serverVersion, ops, written)
}

/**
 * `applied` is told from the state after the batch, for new ops and replays alike (trap S5): an op that
 * a later one has overtaken was not the last word, and its sender is given what is (trap S6).
 */
function accepted(op: CheckedOp, serverVersion: number, ops: ReadonlyMap<string, CheckedOp>, written: Written): PushOpResult {
  const base = { opId: op.opId, success: true, serverVersion }
  const winner = written.winner(op.table, op.pk)
  if (!winner || winner.opId === op.opId) return { ...base, applied: true }
  const earlier = written.earlier.get(winner.opId)?.content?.payloadJson
  const json = winner.payloadJson ?? earlier ?? ops.get(winner.opId)?.payloadJson ?? null
  return { ...base, applied: false, payload: winnerPayload(op, winner, json) }
}

function winnerPayload(op: CheckedOp, winner: Winner, json: string | null): Payload {
  const payload = json === null ? {} : JSON.parse(json) as Payload
  if (winner.deletedAt === undefined) return payload
  return { ...payload, [pkField(op.table)]: op.pk, deleted: true, deleted_at: payload.deleted_at ?? winner.deletedAt }
}

function isReplay(op: CheckedOp, earlier: EarlierOp): boolean {
  if (earlier.content) return sameContent(earlier.content, op)
  return earlier.fingerprint !== undefined && Buffer.compare(earlier.fingerprint, fingerprint(op)) === 0
}
