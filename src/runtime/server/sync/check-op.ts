import { isRecord, isText } from '../input'
import { isPrivate, isSyncedTable, pkField } from './tables'
import type { SyncedTable } from './tables'

/** A payload may take this many UTF-8 bytes as JSON (contract §3.7). */
export const MAX_PAYLOAD_BYTES = 262_144
/** The host takes 1024 characters. Real ids are ASCII; bytes keep every cursor within its length. */
export const MAX_PK_BYTES = 1024
export const MAX_HLC_LENGTH = 512
export const MAX_DEVICE_ID_LENGTH = 256

/** Real payloads nest a dozen levels; what recursive code on servers and devices can walk has its end (IndexedDB: about 4,000). */
export const MAX_PAYLOAD_DEPTH = 200

/** Bounds against a device whose clock would win every row for ever (hazard F13). */
export interface ClockBounds {
  /** The highest clock accepted. */
  readonly maxClock: number
  /** How far the time inside an hlc may be ahead of the server's, in milliseconds. */
  readonly maxAheadMs: number
}

/** An op that may be written. The payload is kept as the JSON text that is stored and sent on. */
export interface CheckedOp {
  readonly opId: string
  readonly table: SyncedTable
  readonly operation: 'put' | 'delete'
  readonly pk: string
  readonly payloadJson: string | null
  /** The op removes the row: a delete, or a put whose payload says deleted (trap S7). */
  readonly deleted: boolean
  readonly clock: number
  readonly hlc: string
  readonly deviceId: string
  /** The only user who may see the op, or null where every member may. */
  readonly ownerUserId: string | null
}

/** An op that may not be written, and why. */
export interface OpFault {
  readonly opId: string
  readonly error: string
  readonly errorCode: 'VALIDATION_ERROR' | 'UNAUTHORIZED'
}

export interface OpContext {
  readonly workspaceId: string
  /** The session's user; absent for internal callers. */
  readonly userId: string | undefined
  /** Milliseconds since the epoch. */
  readonly nowMs: number
  /** The latest time the server knows of, in milliseconds; undefined where it cannot tell (server-time.ts). */
  readonly latestMs: number | undefined
  readonly bounds: ClockBounds
}

/**
 * Accepts an op or names its first fault; throws nothing, whatever it is given. Table schemas are the
 * host's business (contract §3.4): unknown payload fields travel on as they are. What a pull could not
 * deliver, because the host checks its shape there, is refused here.
 */
export function checkOp(input: unknown, index: number, context: OpContext): CheckedOp | OpFault {
  const op = isRecord(input) ? input : {}
  const stamp = isRecord(op.stamp) ? op.stamp : {}
  const opId = stamp.opId
  if (!isUuid(opId)) {
    const shown = typeof opId === 'string' && opId.length > 0 && opId.length <= 64 ? opId : `invalid-op-${index}`
    return invalid(shown, 'Invalid stamp: opId must be a UUID')
  }

  const table = op.tableName
  if (!isSyncedTable(table)) return invalid(opId, `Invalid table: ${shorten(table)}`)
  const { operation } = op
  if (operation !== 'put' && operation !== 'delete') return invalid(opId, `Invalid operation for ${table}: must be put or delete`)
  const { pk } = op
  if (!isText(pk, MAX_PK_BYTES) || Buffer.byteLength(pk) > MAX_PK_BYTES) return invalid(opId, `Invalid pk for ${table}: must be 1 to ${MAX_PK_BYTES} bytes of valid text`)

  const stampFault = checkStamp(stamp, context)
  if (stampFault) return invalid(opId, `Invalid stamp for ${table}: ${stampFault}`)

  const owner = isPrivate(table) ? context.userId : null
  if (owner === undefined) return { opId, error: 'Unauthorized: notification writes require a session user', errorCode: 'UNAUTHORIZED' }

  const payload = checkPayload({ table, operation, pk, owner, payload: op.payload }, context.workspaceId)
  if ('error' in payload) return { opId, ...payload }

  return {
    opId,
    table,
    operation,
    pk,
    ...payload,
    clock: stamp.clock as number,
    hlc: stamp.hlc as string,
    deviceId: stamp.deviceId as string,
    ownerUserId: owner,
  }
}

export function isFault(checked: CheckedOp | OpFault): checked is OpFault {
  return 'error' in checked
}

function checkStamp(stamp: Record<string, unknown>, { latestMs, bounds }: OpContext): string | undefined {
  const { clock, hlc, deviceId } = stamp
  if (typeof clock !== 'number' || !Number.isSafeInteger(clock) || clock < 0) return 'clock must be an integer of at least 0'
  if (clock > bounds.maxClock) return `clock must not exceed ${bounds.maxClock}; a record's clock counts its edits`
  if (!isText(hlc, MAX_HLC_LENGTH)) return `hlc must be 1 to ${MAX_HLC_LENGTH} characters of valid text`
  const aheadMs = latestMs === undefined ? 0 : (hlcTime(hlc) ?? 0) - latestMs
  if (aheadMs > bounds.maxAheadMs) return `hlc is ${days(aheadMs)} days ahead of the server, more than the ${days(bounds.maxAheadMs)} allowed; check the date and time of this device`
  if (!isText(deviceId, MAX_DEVICE_ID_LENGTH) || deviceId.trim() === '') return `deviceId must be 1 to ${MAX_DEVICE_ID_LENGTH} characters and not blank`
  return undefined
}

type PayloadFault = Pick<OpFault, 'error' | 'errorCode'>

function checkPayload(
  op: { table: SyncedTable, operation: 'put' | 'delete', pk: string, owner: string | null, payload: unknown },
  workspaceId: string,
): { payloadJson: string | null, deleted: boolean } | PayloadFault {
  const fault = (text: string): PayloadFault => ({ error: `Invalid payload for ${op.table}: ${text}`, errorCode: 'VALIDATION_ERROR' })
  if (op.payload === undefined) return op.operation === 'put' ? fault('a put needs a payload') : { payloadJson: null, deleted: true }
  if (!isPlainObject(op.payload)) return fault('must be an object')
  let payload = op.payload
  if (Object.hasOwn(payload, '_id')) return fault('_id is not allowed')
  if (isSet(payload.workspace_id) && payload.workspace_id !== workspaceId) return fault('workspace_id must be the workspace of the push')
  const field = pkField(op.table)
  if (isSet(payload[field]) && payload[field] !== op.pk) return fault(`${field} must equal pk`)

  if (op.owner !== null && op.operation === 'put') {
    if (isSet(payload.user_id) && payload.user_id !== op.owner) return { error: 'Forbidden: notification owner mismatch', errorCode: 'UNAUTHORIZED' }
    payload = { ...payload, user_id: op.owner }
  }

  const payloadJson = toJson(payload)
  if (payloadJson === undefined || isDeeperThan(payload, MAX_PAYLOAD_DEPTH)) return fault(`must be JSON of at most ${MAX_PAYLOAD_DEPTH} nested levels`)
  // A UTF-16 unit takes at most three bytes, so most payloads need no count.
  if (payloadJson.length * 3 > MAX_PAYLOAD_BYTES && Buffer.byteLength(payloadJson) > MAX_PAYLOAD_BYTES) {
    return { error: `Payload too large for ${op.table}: exceeds ${MAX_PAYLOAD_BYTES} bytes`, errorCode: 'VALIDATION_ERROR' }
  }
  return { payloadJson, deleted: op.operation === 'delete' || payload.deleted === true }
}

/** The time in an hlc of the client's form (contract §3.5), in milliseconds; undefined for any other opaque text. */
export function hlcTime(hlc: string): number | undefined {
  return /^[0-9a-z]{9}:[0-9a-z]{3}:/.test(hlc) ? Number.parseInt(hlc.slice(0, 9), 36) : undefined
}

function toJson(payload: object): string | undefined {
  try {
    return JSON.stringify(payload)
  }
  catch {
    return undefined
  }
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (!isRecord(value)) return false
  return levels === 0 || Object.values(value).some(inner => isDeeperThan(inner, levels - 1))
}

function invalid(opId: string, error: string): OpFault {
  return { opId, error, errorCode: 'VALIDATION_ERROR' }
}

function shorten(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 64) : typeof value
}

function days(ms: number): number {
  return Math.floor(ms / 86_400_000)
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

function isUuid(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(value)
}
