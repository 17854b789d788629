import { fromByteOrder } from '../byte-order'
import type { Reading, Statement } from '../engine/engine'
import { ask, prepared } from '../engine/engine'
import type { CanonicalKind, CanonicalStorageItem, CanonicalStorageQueryResponse } from '../host/storage-contract'
import type { CursorScope } from './page-key'
import { toCursor } from './page-key'
import { normalizeHash } from './rules'
import { RESERVED_BYTES, RESERVES_BYTES } from './upload-intents'

export interface CanonicalQuestion extends CursorScope {
  /** Of the last item of the page before. */
  readonly after: readonly string[] | undefined
  readonly limit: number
  /** Seconds. */
  readonly now: number
}

/** How many parts the key of a kind has, for its cursors. */
export const KEY_PARTS: Record<CanonicalKind, number> = { live_metadata: 1, reference_edges: 3, active_reservations: 1 }

interface MetadataRow {
  readonly pk: string
  readonly file_hash: string
  readonly size_bytes: number | null
  readonly updated_at: unknown
  readonly storage_id: unknown
  readonly mime_type: unknown
  readonly name: unknown
  readonly file_kind: unknown
}

const METADATA = `
  SELECT pk, file_hash, size_bytes, payload_json ->> '$.updated_at' AS updated_at, payload_json ->> '$.storage_id' AS storage_id,
    payload_json ->> '$.mime_type' AS mime_type, payload_json ->> '$.name' AS name, payload_json ->> '$.kind' AS file_kind
  FROM s_file_meta`
const allMetadata = prepared<MetadataRow>(`${METADATA} WHERE workspace_id = ? AND pk > ? ORDER BY pk LIMIT ?`)
const metadataOf = prepared<MetadataRow>(`${METADATA} WHERE workspace_id = ? AND file_hash = ? AND pk > ? ORDER BY pk LIMIT ?`)

interface ReferenceRow {
  readonly source_table: 'messages' | 'posts'
  readonly source_id: string
  readonly hash: string
}

const allReferences = prepared<ReferenceRow>(`
  SELECT source_table, source_id, hash FROM file_references
  WHERE workspace_id = ? AND (source_table, source_id, hash) > (?, ?, ?)
  ORDER BY source_table, source_id, hash LIMIT ?`)
const referencesOf = prepared<ReferenceRow>(`
  SELECT source_table, source_id, hash FROM file_references
  WHERE workspace_id = ? AND hash = ? AND (source_table, source_id) > (?, ?)
  ORDER BY source_table, source_id LIMIT ?`)

interface ReservationRow {
  readonly id: string
  readonly hash: string
  readonly size_bytes: number
  readonly expires_at: number
}

const RESERVATIONS = `SELECT i.id, i.hash, ${RESERVED_BYTES} AS size_bytes, i.expires_at FROM upload_intents AS i`
const allReservations = prepared<ReservationRow>(`
  ${RESERVATIONS} WHERE i.workspace_id = ? AND i.id > ? AND ${RESERVES_BYTES} ORDER BY i.id LIMIT ?`)
const reservationsOf = prepared<ReservationRow>(`
  ${RESERVATIONS} WHERE i.workspace_id = ? AND i.hash = ? AND i.id > ? AND ${RESERVES_BYTES} ORDER BY i.id LIMIT ?`)

interface Entry {
  readonly key: readonly string[]
  readonly item: CanonicalStorageItem
}

/** One page of the answer, from what stands now, never from the log (contract §2.2.9). */
export function* canonicalPage(question: CanonicalQuestion): Reading<CanonicalStorageQueryResponse> {
  const entries = yield* READERS[question.kind](question, question.limit + 1)
  const page = entries.slice(0, question.limit)
  if (entries.length === page.length) return { items: page.map(({ item }) => item), hasMore: false }
  return { items: page.map(({ item }) => item), hasMore: true, nextCursor: toCursor(question, page.at(-1)?.key ?? []) }
}

const READERS: Record<CanonicalKind, (question: CanonicalQuestion, size: number) => Reading<Entry[]>> = {
  * live_metadata({ workspaceId, hash, after: [pk = ''] = [] }, size) {
    const rows = yield* ask(hash === undefined ? allMetadata(workspaceId, pk, size) : metadataOf(workspaceId, hash, pk, size))
    return rows.map(row => ({
      key: [row.pk],
      item: {
        kind: 'metadata',
        hash: row.file_hash,
        // A live file stays listed, or garbage collection would delete its bytes; a broken size counts as none (trap S27).
        sizeBytes: row.size_bytes ?? 0,
        updatedAt: typeof row.updated_at === 'number' ? Math.trunc(row.updated_at) : 0,
        ...text('storageId', row.storage_id),
        ...text('mimeType', row.mime_type),
        ...text('name', row.name),
        ...text('fileKind', row.file_kind),
      },
    }))
  },

  * reference_edges({ workspaceId, hash, after: [table = '', id = '', last = ''] = [] }, size) {
    const rows = yield* ask(hash === undefined ? allReferences(workspaceId, table, id, last, size) : referencesOf(workspaceId, hash, table, id, size))
    return rows.map(row => ({
      key: [row.source_table, row.source_id, row.hash],
      item: { kind: 'reference', hash: row.hash, sourceTable: row.source_table, sourceId: fromByteOrder(row.source_id) },
    }))
  },

  * active_reservations({ workspaceId, hash, after: [id = ''] = [], now }, size) {
    const statement: Statement<ReservationRow> = hash === undefined
      ? allReservations(workspaceId, id, now, now, size)
      : reservationsOf(workspaceId, hash, id, now, now, size)
    const rows = yield* ask(statement)
    return rows.map(row => ({
      key: [row.id],
      item: { kind: 'reservation', reservationId: row.id, hash: row.hash, sizeBytes: row.size_bytes, expiresAt: row.expires_at },
    }))
  },
}

function text<Field extends string>(field: Field, value: unknown): { [Name in Field]?: string } {
  return typeof value === 'string' && value !== '' ? { [field]: value } as { [Name in Field]?: string } : {}
}

/** The filter of a question, normalised; undefined where it has none, null where it is blank. */
export function hashFilter(hash: unknown): string | null | undefined {
  if (hash === undefined) return undefined
  return normalizeHash(hash) || null
}
