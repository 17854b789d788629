import { createError } from 'h3'
import { isSyncTable, PAYLOAD_SCHEMAS, pendingOpSchema } from '../../shared/sync/schemas'
import type { PendingOp, PushOpResult } from '../../shared/sync/schemas'

const MAX_PAYLOAD_BYTES = 262_144

/** An op as the adapter gets it, or the result the route gives it itself. */
export type RoutedOp = { op: PendingOp } | { result: PushOpResult }

/** The August host: each op is checked by itself and camelCase payloads are put into snake_case. */
export function routeOp(input: unknown, index: number): RoutedOp {
  const parsed = pendingOpSchema.safeParse(input)
  if (!parsed.success) {
    const fields = parsed.error.issues.slice(0, 3).map(issue => `${issue.path.join('.')}: ${issue.message}`)
    return { result: { opId: opIdOf(input, index), success: false, error: `Invalid op: ${fields.join('; ')}`, errorCode: 'VALIDATION_ERROR' } }
  }
  const op = parsed.data
  const { opId } = op.stamp
  const size = sizeOf(op.payload)
  if (size === undefined) return { result: { opId, success: false, error: `Invalid payload for ${op.tableName}: nested too deeply`, errorCode: 'VALIDATION_ERROR' } }
  if (size > MAX_PAYLOAD_BYTES) {
    return { result: { opId, success: false, error: `Payload too large for ${op.tableName}: exceeds ${MAX_PAYLOAD_BYTES} bytes`, errorCode: 'OVERSIZED' } }
  }
  const normalized = { ...op, ...op.payload === undefined ? {} : { payload: toSnakeCase(op.payload) } }
  const fault = payloadFault(normalized)
  return fault === undefined ? { op: normalized } : { result: { opId, success: false, error: fault, errorCode: 'VALIDATION_ERROR' } }
}

/** The February host: one bad payload refuses the whole batch. */
export function requirePayloads(ops: readonly PendingOp[]): void {
  for (const op of ops) {
    const fault = payloadFault(op)
    if (fault !== undefined) throw createError({ statusCode: 400, statusMessage: fault, message: fault })
  }
}

function payloadFault(op: PendingOp): string | undefined {
  if (op.operation === 'delete' || !isSyncTable(op.tableName)) return undefined
  const parsed = PAYLOAD_SCHEMAS[op.tableName].safeParse(op.payload)
  if (parsed.success) return undefined
  const fields = parsed.error.issues.slice(0, 3).map(issue => `${issue.path.join('.') || 'payload'}: ${issue.message}`)
  return `Invalid payload for ${op.tableName}: ${fields.join('; ')}`
}

/** UTF-8 bytes as JSON; undefined for what is nested too deeply to be written. */
function sizeOf(payload: unknown): number | undefined {
  try {
    return payload === undefined ? 0 : Buffer.byteLength(JSON.stringify(payload))
  }
  catch {
    return undefined
  }
}

function toSnakeCase(payload: unknown): unknown {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return payload
  return Object.fromEntries(Object.entries(payload).map(([key, value]) => [key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`), value as unknown]))
}

function opIdOf(input: unknown, index: number): string {
  const stamp = typeof input === 'object' && input !== null && 'stamp' in input ? input.stamp : undefined
  const opId = typeof stamp === 'object' && stamp !== null && 'opId' in stamp ? stamp.opId : undefined
  return typeof opId === 'string' && opId !== '' ? opId : `invalid-op-${index}`
}
