import type { Engine, Plan, Reading } from '../engine/engine'
import { ask, countChanged, prepared } from '../engine/engine'

export type UploadRefusal = 'over-quota' | 'taken' | 'not-consumable' | 'not-active'

export class UploadRefusedError extends Error {
  override readonly name = 'UploadRefusedError'

  constructor(readonly refusal: UploadRefusal) {
    super(refusal)
  }
}

export interface UploadIntent {
  readonly workspaceId: string
  readonly intentId: string
  /** Normalised. */
  readonly hash: string
  readonly mimeType: string
  readonly sizeBytes: number
}

/** How long an ended intent is remembered, in seconds: a day past its expiry. */
const KEEP_SECONDS = 86_400

/** What live rows say is stored of an intent's hash already; a broken size says nothing. */
const STORED = `COALESCE((
    SELECT SUM(f.size_bytes) FROM s_file_meta AS f WHERE f.workspace_id = i.workspace_id AND f.file_hash = i.hash), 0)`

/** SQL for the bytes an intent `i` adds to what is stored. */
export const RESERVED_BYTES = `MAX(0, i.size_bytes - ${STORED})`

/*
 * The bytes of a hash count once: for its largest intent, and of equal ones for the first by id. So a
 * cancelled intent leaves its bytes to the next one of the same file. A consumed intent counts until it
 * expires, or its file's row comes or goes: until then the bytes are stored and nothing else says so.
 */
const COUNTS = (i: string, states: string) => `
  ${i}.status IN (${states}) AND ${i}.expires_at > ?
  AND (${i}.status = 'active' OR NOT EXISTS (
    SELECT 1 FROM tombstones AS t
    WHERE t.workspace_id = ${i}.workspace_id AND t.table_name = 'file_meta'
      AND t.pk IN (${i}.hash, 'sha256:' || ${i}.hash, 'md5:' || ${i}.hash) AND t.deleted_at >= ${i}.ended_at))`

const RESERVES = (states: string) => `${COUNTS('i', states)}
  AND NOT EXISTS (
    SELECT 1 FROM upload_intents AS o
    WHERE o.workspace_id = i.workspace_id AND o.hash = i.hash AND ${COUNTS('o', states)}
      AND (o.size_bytes > i.size_bytes OR (o.size_bytes = i.size_bytes AND o.id < i.id)))`

/** SQL for the active intents that reserve bytes; takes the time twice, in seconds. */
export const RESERVES_BYTES = `${RESERVES('\'active\'')} AND ${RESERVED_BYTES} > 0`

const findIntent = prepared<{ hash: string, mime_type: string, size_bytes: number, status: string, expires_at: number }>(`
  SELECT hash, mime_type, size_bytes, status, expires_at FROM upload_intents WHERE workspace_id = ? AND id = ?`)

const insertIntent = prepared<never>(`
  INSERT INTO upload_intents (workspace_id, id, hash, mime_type, size_bytes, status, expires_at, created_at)
  VALUES (?, ?, ?, ?, ?, 'active', ?, ?)`)

const expireOverdue = prepared<never>(`
  UPDATE upload_intents SET status = 'expired', ended_at = ?
  WHERE workspace_id = ? AND status = 'active' AND expires_at <= ?`)

/** `of_hash`: what this file takes beyond what is stored, for the largest of all who announce it. */
const usage = prepared<{ used: number, reserved: number, of_hash: number }>(`
  SELECT
    (SELECT COALESCE(SUM(size_bytes), 0) FROM s_file_meta WHERE workspace_id = ?) AS used,
    (SELECT COALESCE(SUM(${RESERVED_BYTES}), 0) FROM upload_intents AS i
      WHERE i.workspace_id = ? AND i.hash <> ? AND ${RESERVES('\'active\', \'consumed\'')}) AS reserved,
    (SELECT MAX(0, MAX(?, COALESCE((
        SELECT MAX(i.size_bytes) FROM upload_intents AS i
        WHERE i.workspace_id = ? AND i.hash = ? AND ${COUNTS('i', '\'active\', \'consumed\'')}), 0))
      - COALESCE((SELECT SUM(size_bytes) FROM s_file_meta WHERE workspace_id = ? AND file_hash = ?), 0))) AS of_hash`)

/**
 * Reserves an upload's bytes, if the workspace has room for them; the room is looked up in the transaction
 * that takes it (hazard F16). The same intent again changes nothing. Times in seconds.
 * Throws {@link UploadRefusedError} and DatabaseError.
 */
export async function reserve(engine: Engine, intent: UploadIntent & { expiresAt: number, quotaBytes: number | undefined }, now: number): Promise<void> {
  const { workspaceId, intentId, hash, mimeType, sizeBytes, expiresAt, quotaBytes } = intent
  return engine.write(function* (): Reading<Plan<void>> {
    const [known] = yield* ask(findIntent(workspaceId, intentId))
    if (known) {
      const same = known.status === 'active' && known.expires_at > now && known.hash === hash && known.mime_type === mimeType && known.size_bytes === sizeBytes
      if (!same) throw new UploadRefusedError('taken')
      return { writes: [], result: undefined }
    }
    if (quotaBytes !== undefined) {
      const [bytes] = yield* ask(usage(workspaceId, workspaceId, hash, now, now, sizeBytes, workspaceId, hash, now, workspaceId, hash))
      if (bytes && bytes.used + bytes.reserved + bytes.of_hash > quotaBytes) throw new UploadRefusedError('over-quota')
    }
    return {
      writes: [
        expireOverdue(now, workspaceId, now),
        insertIntent(workspaceId, intentId, hash, mimeType, sizeBytes, expiresAt, now),
      ],
      result: undefined,
    }
  })
}

const consumeIntent = prepared<{ id: string }>(`
  UPDATE upload_intents SET status = 'consumed', storage_id = ?, ended_at = ?
  WHERE workspace_id = ? AND id = ? AND hash = ? AND mime_type = ? AND size_bytes = ?
    AND status = 'active' AND expires_at > ?
  RETURNING id`)

/** Ends an intent with the file it announced; exactly one caller succeeds. Throws {@link UploadRefusedError}. */
export async function consume(engine: Engine, intent: UploadIntent & { storageId: string }, now: number): Promise<void> {
  const { workspaceId, intentId, hash, mimeType, sizeBytes, storageId } = intent
  if (await countChanged(engine, consumeIntent(storageId, now, workspaceId, intentId, hash, mimeType, sizeBytes, now)) === 0) throw new UploadRefusedError('not-consumable')
}

const cancelIntent = prepared<{ id: string }>(`
  UPDATE upload_intents SET status = 'cancelled', ended_at = ?
  WHERE workspace_id = ? AND id = ? AND status = 'active' AND expires_at > ?
  RETURNING id`)

/** Gives an active intent's bytes back. Throws {@link UploadRefusedError}. */
export async function cancel(engine: Engine, workspaceId: string, intentId: string, now: number): Promise<void> {
  if (await countChanged(engine, cancelIntent(now, workspaceId, intentId, now)) === 0) throw new UploadRefusedError('not-active')
}

const dropEnded = prepared<{ id: string }>(`
  DELETE FROM upload_intents WHERE (workspace_id, id) IN (
    SELECT workspace_id, id FROM upload_intents WHERE expires_at < ? LIMIT ?)
  RETURNING id`)

/** Forgets intents whose time was over a day ago. Returns their number. */
export async function dropOldIntents(engine: Engine, now: number, limit = 500): Promise<number> {
  return countChanged(engine, dropEnded(now - KEEP_SECONDS, limit))
}
