import { fromByteOrder } from '../byte-order'

/** What orders the writes of one row. Every engine and every device must agree on the order. */
export interface Revision {
  readonly clock: number
  readonly hlc: string
  readonly opId: string
}

/**
 * Orders by clock, then hlc, then opId; strings as JavaScript's `<` does. Returns -1, 0 or 1. A write
 * replaces what stands if it is strictly greater. The server lets SQL decide (push-sql.ts); this is the
 * order it must have, and test/contract/sync-order.test.ts compares the two.
 */
export function compareRevision(left: Revision, right: Revision): -1 | 0 | 1 {
  return compare(left.clock, right.clock) || compare(left.hlc, right.hlc) || compare(left.opId, right.opId)
}

function compare<Value extends number | string>(left: Value, right: Value): -1 | 0 | 1 {
  if (left < right) return -1
  return left > right ? 1 : 0
}

/** The revision of a stored row. */
export function revisionOf(row: { readonly clock: number, readonly hlc: string, readonly op_id: string }): Revision {
  return { clock: row.clock, hlc: fromByteOrder(row.hlc), opId: row.op_id }
}
