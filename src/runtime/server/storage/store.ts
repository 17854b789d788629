import type { Clock } from '../clock'
import type { Engine } from '../engine/engine'
import type { HostEvent } from '../host/contract'
import { answer, refusal } from '../host/errors'
import { requireScope } from '../host/session'
import type { StorageMethods } from '../host/storage-contract'
import { clampCount } from '../input'
import { canonicalPage, hashFilter, KEY_PARTS } from './canonical'
import { fromCursor } from './page-key'
import { DEFAULT_ITEMS, isConsumption, isQuota, isReservation, MAX_ITEMS, normalizeHash } from './rules'
import type { UploadRefusal } from './upload-intents'
import { cancel, consume, reserve, UploadRefusedError } from './upload-intents'

const REFUSALS: Record<UploadRefusal, [status: 409 | 413, message: string]> = {
  'over-quota': [413, 'Workspace storage quota exceeded'],
  'taken': [409, 'Upload intent already exists'],
  'not-consumable': [409, 'Upload intent expired, mismatched, or already consumed'],
  'not-active': [409, 'Upload intent is not active'],
}

/** What storage providers ask of the sync gateway (contract §2.2.8 and §2.2.9). Times are seconds. */
export function createStorageMethods({ engine, clock }: { engine: Engine, clock: Clock }): StorageMethods {
  const now = () => Math.floor(clock.now() / 1000)
  return {
    async reserveUploadIntent(event, request) {
      const workspaceId = requireWorkspace(event, request?.workspaceId)
      if (!isReservation(request, now())) throw refusal(400, 'Invalid upload intent')
      if (!isQuota(request.workspaceQuotaBytes)) throw refusal(400, 'Invalid workspace quota')
      const intent = { ...request, workspaceId, hash: normalizeHash(request.hash), quotaBytes: request.workspaceQuotaBytes }
      await answer(reserve(engine, intent, now()), translate, event)
    },

    async consumeUploadIntent(event, request) {
      const workspaceId = requireWorkspace(event, request?.workspaceId)
      if (!isConsumption(request)) throw refusal(400, 'Invalid upload intent')
      await answer(consume(engine, { ...request, workspaceId, hash: normalizeHash(request.hash) }, now()), translate, event)
    },

    async cancelUploadIntent(event, request) {
      const workspaceId = requireWorkspace(event, request?.workspaceId)
      if (typeof request.intentId !== 'string') throw refusal(400, 'Invalid upload intent')
      await answer(cancel(engine, workspaceId, request.intentId, now()), translate, event)
    },

    async queryCanonicalStorage(event, request) {
      const { workspaceId } = requireScope(event, request?.scope)
      const { kind, cursor } = request
      if (typeof kind !== 'string' || !Object.hasOwn(KEY_PARTS, kind)) throw refusal(400, 'Invalid canonical storage kind')
      const hash = hashFilter(request.hash)
      if (hash === null) throw refusal(400, 'Invalid storage hash')
      const after = cursor === undefined ? undefined : fromCursor({ workspaceId, kind, hash }, cursor, KEY_PARTS[kind])
      if (cursor !== undefined && after === undefined) throw refusal(400, 'Invalid canonical storage cursor')
      const question = { workspaceId, kind, hash, after, limit: clampCount(request.limit, DEFAULT_ITEMS, MAX_ITEMS), now: Number.isFinite(request.now) ? Number(request.now) : now() }
      return answer(engine.read(() => canonicalPage(question)), translate, event)
    },
  }
}

function requireWorkspace(event: HostEvent, workspaceId: unknown): string {
  return requireScope(event, { workspaceId }).workspaceId
}

function translate(error: unknown): unknown {
  return error instanceof UploadRefusedError ? refusal(...REFUSALS[error.refusal]) : error
}
