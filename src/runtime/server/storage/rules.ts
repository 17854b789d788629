import type { UploadIntentConsumptionRequest, UploadIntentReservationRequest } from '../host/storage-contract'
import { isText } from '../input'

const MAX_ID_LENGTH = 256
const MAX_HASH_LENGTH = 256
const MAX_MIME_LENGTH = 256
const MAX_STORAGE_ID_LENGTH = 2048

/** Items of a page of canonical storage (contract §2.2.9). */
export const DEFAULT_ITEMS = 100
export const MAX_ITEMS = 500

/** A hash as it is compared: no algorithm prefix, trimmed, lower-cased; blank input gives an empty text. */
export function normalizeHash(hash: unknown): string {
  if (!isText(hash, MAX_HASH_LENGTH)) return ''
  return trimmed(trimmed(hash).replace(/[A-Z]/g, letter => letter.toLowerCase()).replace(/^(?:sha256|md5):/, ''))
}

/** Without the white space that SQL takes away as well (migration 004). */
function trimmed(text: string): string {
  return text.replace(/^[\t\n\v\f\r ]+|[\t\n\v\f\r ]+$/g, '')
}

/** What an intent says of its file. Zero bytes are a file too. */
export function isIntent(request: UploadIntentReservationRequest | UploadIntentConsumptionRequest): boolean {
  return isText(request.intentId, MAX_ID_LENGTH) && request.intentId.trim() !== ''
    && normalizeHash(request.hash) !== ''
    && isText(request.mimeType, MAX_MIME_LENGTH)
    && Number.isSafeInteger(request.sizeBytes) && request.sizeBytes >= 0
}

/** `now`: seconds. */
export function isReservation(request: UploadIntentReservationRequest, now: number): boolean {
  return isIntent(request) && Number.isSafeInteger(request.expiresAt) && request.expiresAt > now
}

export function isConsumption(request: UploadIntentConsumptionRequest): boolean {
  return isIntent(request) && isText(request.storageId, MAX_STORAGE_ID_LENGTH)
}

export function isQuota(quota: unknown): quota is number | undefined {
  return quota === undefined || (typeof quota === 'number' && Number.isSafeInteger(quota) && quota >= 0)
}
