import type { CheckedOp, OpContext, OpFault } from './check-op'
import { checkOp, isFault } from './check-op'
import { sameContent } from './fingerprint'

/** A batch after the checks that need no database. */
export interface FoldedBatch {
  /** The ops to write, each op id once, in the order of the batch. */
  readonly ops: readonly CheckedOp[]
  /** Ops that get an error, by op id. */
  readonly faults: ReadonlyMap<string, FoldFault>
  /** Every distinct op id, in the order of its first appearance: one result each. */
  readonly opIds: readonly string[]
}

export interface FoldFault {
  readonly error: string
  readonly errorCode: OpFault['errorCode'] | 'CONFLICT'
}

/**
 * Checks every op by itself, so that a bad one never stops the others (trap S12). The same op twice counts
 * once; different ops with one op id are all refused, because nobody can tell which one was meant.
 */
export function foldBatch(inputs: readonly unknown[], context: OpContext): FoldedBatch {
  const accepted = new Map<string, CheckedOp>()
  const faults = new Map<string, FoldFault>()
  const opIds = new Set<string>()

  inputs.forEach((input, index) => {
    const checked = checkOp(input, index, context)
    const { opId } = checked
    if (!opIds.has(opId)) {
      opIds.add(opId)
      if (isFault(checked)) faults.set(opId, { error: checked.error, errorCode: checked.errorCode })
      else accepted.set(opId, checked)
      return
    }
    const twin = accepted.get(opId)
    const sameAgain = isFault(checked) ? !twin : twin !== undefined && sameContent(twin, checked)
    if (sameAgain) return
    faults.set(opId, { error: `Conflicting operations reuse op_id ${opId}`, errorCode: 'CONFLICT' })
    accepted.delete(opId)
  })

  return { ops: [...accepted.values()], faults, opIds: [...opIds] }
}
