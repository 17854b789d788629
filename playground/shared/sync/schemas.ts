import * as z from 'zod'

/** The wire shapes of the host (contract §3), checked at its routes. */

export const SYNC_TABLES = ['threads', 'messages', 'projects', 'posts', 'kv', 'file_meta', 'notifications'] as const
export type SyncTable = typeof SYNC_TABLES[number]

export function isSyncTable(name: unknown): name is SyncTable {
  return (SYNC_TABLES as readonly unknown[]).includes(name)
}

export const scopeSchema = z.object({ workspaceId: z.string().trim().min(1).max(256), projectId: z.string().optional() })

export const stampSchema = z.object({
  deviceId: z.string().min(1).max(256),
  opId: z.guid(),
  hlc: z.string().min(1).max(512),
  clock: z.int().min(0),
})

export const pendingOpSchema = z.object({
  id: z.string().min(1).max(256),
  tableName: z.string().min(1).max(128),
  operation: z.enum(['put', 'delete']),
  pk: z.string().min(1).max(1024),
  payload: z.unknown().optional(),
  stamp: stampSchema,
  createdAt: z.number(),
  attempts: z.int().min(0),
  nextAttemptAt: z.number().optional(),
  status: z.string(),
})
export type PendingOp = z.infer<typeof pendingOpSchema>

/** The ops are checked one by one, so that a bad one does not stop the others. */
export const pushEnvelopeSchema = z.object({ scope: scopeSchema, ops: z.array(z.unknown()).max(100) })
export const februaryPushSchema = z.object({ scope: scopeSchema, ops: z.array(pendingOpSchema) })

export const pullRequestSchema = z.object({
  scope: scopeSchema,
  cursor: z.int().min(0),
  limit: z.int().min(1).max(1000),
  tables: z.array(z.string().max(128)).max(50).optional(),
})

export const cursorRequestSchema = z.object({ scope: scopeSchema, deviceId: z.string().min(1), version: z.int().min(0) })

export const collectRequestSchema = z.object({ scope: scopeSchema, retentionSeconds: z.int().min(3600).max(31_536_000) })
export const februaryCollectRequestSchema = z.object({ scope: scopeSchema, retentionSeconds: z.number().min(0) })

export const snapshotRequestSchema = z.object({
  scope: scopeSchema,
  pageSize: z.int().min(1).max(1000),
  pageToken: z.string().min(1).max(4096).optional(),
  tables: z.array(z.string().max(128)).max(50).optional(),
})

const payloadSchema = z.record(z.string(), z.unknown())

export const changeSchema = z.object({
  serverVersion: z.int().positive(),
  tableName: z.string(),
  pk: z.string().min(1),
  op: z.enum(['put', 'delete']),
  payload: payloadSchema.optional(),
  stamp: stampSchema,
})
export type SyncChange = z.infer<typeof changeSchema>

export const pullResponseSchema = z.object({
  changes: z.array(changeSchema).max(1000),
  nextCursor: z.int().min(0),
  hasMore: z.boolean(),
  oldestRetainedVersion: z.int().min(0),
  requiresSnapshot: z.boolean(),
})
export type PullResponse = z.infer<typeof pullResponseSchema>

const revisionSchema = z.object({ clock: z.int().min(0), hlc: z.string().min(1), opId: z.string().min(1) })

export const snapshotItemSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('row'), tableName: z.enum(SYNC_TABLES), pk: z.string().min(1), payload: payloadSchema, revision: revisionSchema }),
  z.object({ kind: z.literal('tombstone'), tableName: z.enum(SYNC_TABLES), pk: z.string().min(1), revision: revisionSchema, serverDeletedAt: z.int().min(0) }),
])
export type SnapshotItem = z.infer<typeof snapshotItemSchema>

export const snapshotResponseSchema = z.object({
  workspaceId: z.string(),
  snapshotId: z.string().min(1),
  highWatermark: z.int().min(0),
  items: z.array(snapshotItemSchema).max(1000),
  nextPageToken: z.string().min(1).max(4096).nullable(),
})
export type SnapshotResponse = z.infer<typeof snapshotResponseSchema>

export const pushOpResultSchema = z.object({
  opId: z.string().min(1),
  success: z.boolean(),
  serverVersion: z.int().positive().optional(),
  applied: z.boolean().optional(),
  payload: payloadSchema.optional(),
  error: z.string().optional(),
  errorCode: z.enum(['VALIDATION_ERROR', 'UNAUTHORIZED', 'CONFLICT', 'NOT_FOUND', 'RATE_LIMITED', 'OVERSIZED', 'NETWORK_ERROR', 'SERVER_ERROR', 'UNKNOWN']).optional(),
})
export type PushOpResult = z.infer<typeof pushOpResultSchema>

export const pushResultSchema = z.object({ results: z.array(pushOpResultSchema).max(100), serverVersion: z.int().min(0) })
export type PushResult = z.infer<typeof pushResultSchema>

const common = { deleted: z.boolean(), created_at: z.number(), updated_at: z.number(), clock: z.number() }

/** What a put must carry (contract §3.4); unknown fields pass through. */
export const PAYLOAD_SCHEMAS: Record<SyncTable, z.ZodType<Record<string, unknown>>> = {
  threads: z.looseObject({ id: z.string(), status: z.string(), pinned: z.boolean(), ...common }),
  messages: z.looseObject({ id: z.string(), thread_id: z.string(), role: z.string(), index: z.number(), order_key: z.string(), ...common }),
  projects: z.looseObject({ id: z.string(), name: z.string(), ...common }),
  posts: z.looseObject({ id: z.string(), title: z.string(), content: z.string(), post_type: z.string(), ...common }),
  kv: z.looseObject({ id: z.string(), name: z.string(), ...common, deleted: z.boolean().optional() }),
  file_meta: z.looseObject({ hash: z.string(), ...common }),
  notifications: z.looseObject({ id: z.string(), user_id: z.string(), type: z.string(), title: z.string(), ...common }),
}
