/**
 * The host's interfaces as this package implements them, written from its contract (August 2026 form,
 * which February's is a subset of). They stand here because the host's own types cannot be imported
 * outside a host.
 */

/** An H3 event, or the bare `{}` of the host's maintenance plugin. Nothing may be assumed of it. */
export type HostEvent = object

export interface SyncScope {
  workspaceId: string
  /** Ignored: versions are per workspace. */
  projectId?: string
}

export interface ChangeStamp {
  deviceId: string
  opId: string
  hlc: string
  clock: number
}

export type Payload = Record<string, unknown>

export interface PendingOp {
  id: string
  tableName: string
  operation: 'put' | 'delete'
  pk: string
  payload?: unknown
  stamp: ChangeStamp
  /** Milliseconds. */
  createdAt: number
  attempts: number
  nextAttemptAt?: number
  status: string
}

export interface PushBatch {
  scope: SyncScope
  ops: PendingOp[]
}

export type SyncErrorCode = 'VALIDATION_ERROR' | 'UNAUTHORIZED' | 'CONFLICT' | 'NOT_FOUND' | 'RATE_LIMITED' | 'OVERSIZED' | 'NETWORK_ERROR' | 'SERVER_ERROR' | 'UNKNOWN'

export interface PushOpResult {
  opId: string
  success: boolean
  serverVersion?: number
  /** Whether the op is the current state of its row. */
  applied?: boolean
  /** The winner's payload where `applied` is false; a deleted winner carries `deleted: true`. */
  payload?: Payload
  error?: string
  errorCode?: SyncErrorCode
}

export interface PushResult {
  /** One for each distinct op id, in the order of the batch. */
  results: PushOpResult[]
  /** The workspace's version after the batch. */
  serverVersion: number
}

export interface PullRequest {
  scope: SyncScope
  /** The last version the device has applied. */
  cursor: number
  limit: number
  tables?: string[]
}

export interface SyncChange {
  serverVersion: number
  tableName: string
  pk: string
  op: 'put' | 'delete'
  payload?: Payload
  stamp: ChangeStamp
}

export interface PullResponse {
  changes: SyncChange[]
  nextCursor: number
  hasMore: boolean
  /** 0: nothing that a device needs was ever collected. */
  oldestRetainedVersion: number
  requiresSnapshot: boolean
}

export interface UpdateCursorRequest {
  scope: SyncScope
  deviceId: string
  version: number
}

export interface CollectRequest {
  scope: SyncScope
  retentionSeconds: number
}

export interface SyncGatewayAdapter {
  id: string
  pull(event: HostEvent, request: PullRequest): Promise<PullResponse>
  push(event: HostEvent, batch: PushBatch): Promise<PushResult>
  updateCursor(event: HostEvent, request: UpdateCursorRequest): Promise<void>
  gcTombstones(event: HostEvent, request: CollectRequest): Promise<unknown>
  gcChangeLog(event: HostEvent, request: CollectRequest): Promise<unknown>
}

export type WorkspaceRole = 'owner' | 'editor' | 'viewer'

export interface Identity {
  /** The auth provider's id, such as `basic-auth`. */
  provider: string
  providerUserId: string
}

export interface UserProfile {
  userId: string
  email?: string
  displayName?: string
}

export interface UserWorkspace {
  id: string
  name: string
  description?: string
  role: WorkspaceRole
  /** Milliseconds. */
  createdAt: number
  isActive: boolean
}

export interface AuthWorkspaceStore {
  getUser(identity: Identity): Promise<UserProfile | null>
  getOrCreateUser(identity: Identity & { email?: string, displayName?: string }): Promise<{ userId: string }>
  getOrCreateDefaultWorkspace(userId: string): Promise<{ workspaceId: string, workspaceName: string, created?: boolean }>
  getWorkspaceRole(member: { userId: string, workspaceId: string }): Promise<WorkspaceRole | null>
  listUserWorkspaces(userId: string): Promise<UserWorkspace[]>
  createWorkspace(input: { userId: string, name: string, description?: string | null }): Promise<{ workspaceId: string }>
  updateWorkspace(input: { userId: string, workspaceId: string, name: string, description?: string | null }): Promise<void>
  removeWorkspace(member: { userId: string, workspaceId: string }): Promise<void>
  setActiveWorkspace(member: { userId: string, workspaceId: string }): Promise<void>
}
