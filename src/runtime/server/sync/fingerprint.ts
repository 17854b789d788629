import { createHash } from 'node:crypto'

/** What makes two ops with one op id the same op (contract §2.2.4, idempotent replay). */
export interface OpContent {
  readonly table: string
  readonly operation: string
  readonly pk: string
  readonly payloadJson: string | null
  readonly clock: number
  readonly hlc: string
  readonly deviceId: string
}

/** Whether two ops say the same. The order of a payload's keys says nothing. */
export function sameContent(left: OpContent, right: OpContent): boolean {
  return left.table === right.table
    && left.operation === right.operation
    && left.pk === right.pk
    && left.clock === right.clock
    && left.hlc === right.hlc
    && left.deviceId === right.deviceId
    && (left.payloadJson === right.payloadJson || canonical(left.payloadJson) === canonical(right.payloadJson))
}

/** SHA-256 over the op's content: what a receipt keeps of an op whose log entry was collected. */
export function fingerprint(op: OpContent): Uint8Array {
  const content = JSON.stringify([op.table, op.operation, op.pk, op.clock, op.hlc, op.deviceId, canonical(op.payloadJson)])
  return createHash('sha256').update(content).digest()
}

/** The same JSON with the keys of every object in order. */
function canonical(json: string | null): string | null {
  if (json === null) return null
  return JSON.stringify(JSON.parse(json), (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).sort(([left], [right]) => left < right ? -1 : 1))
  })
}
