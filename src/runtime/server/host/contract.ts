/**
 * The host's interfaces as this package implements them, written from its contract (August 2026 form,
 * which February's is a subset of). They stand here because the host's own types cannot be imported
 * outside a host.
 */

import type { StorageMethods } from './storage-contract'

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
  /** The winner itself where `applied` is false, as hosts after August 2026 want it. */
  winner?: Winner
  /** The op had been accepted before. */
  replayed?: boolean
  error?: string
  errorCode?: SyncErrorCode
}

export interface WireRevision {
  clock: number
  hlc: string
  opId: string
}

export type Winner
  = | { kind: 'put', payload: Payload, revision: WireRevision }
    /** Seconds. */
    | { kind: 'delete', revision: WireRevision, serverDeletedAt: number }

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

export interface SnapshotRequest {
  scope: SyncScope
  pageSize: number
  pageToken?: string
  tables?: string[]
}

export type SnapshotItem
  = | { kind: 'row', tableName: string, pk: string, payload: Payload, revision: WireRevision }
    /** Seconds. */
    | { kind: 'tombstone', tableName: string, pk: string, revision: WireRevision, serverDeletedAt: number }

export interface SnapshotResponse {
  workspaceId: string
  snapshotId: string
  /** The version the snapshot shows; a device pulls on from here. */
  highWatermark: number
  items: SnapshotItem[]
  nextPageToken: string | null
}

export interface MaintenanceState {
  enabled: boolean
  /** ISO 8601. */
  lastRun?: string
  lastError?: string
  state: 'idle' | 'running' | 'failed'
}

export interface MaintenanceMethods {
  listWorkspaceIds(): Promise<string[]>
  getMaintenanceState(): MaintenanceState
  beginMaintenanceRun(): void
  completeMaintenanceRun(run: { lastRun: string }): void
  failMaintenanceRun(error: string): void
}

export interface SyncMethods {
  id: string
  /** Absent on hosts without snapshots. */
  capabilities?: { snapshotBootstrap: 'snapshot-v1', historyRetention: 'snapshot-v1' }
  pull(event: HostEvent, request: PullRequest): Promise<PullResponse>
  push(event: HostEvent, batch: PushBatch): Promise<PushResult>
  snapshot(event: HostEvent, request: SnapshotRequest): Promise<SnapshotResponse>
  updateCursor(event: HostEvent, request: UpdateCursorRequest): Promise<void>
  gcTombstones(event: HostEvent, request: CollectRequest): Promise<unknown>
  gcChangeLog(event: HostEvent, request: CollectRequest): Promise<unknown>
}

export type SyncGatewayAdapter = SyncMethods & MaintenanceMethods & StorageMethods

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

export type InviteStatus = 'pending' | 'accepted' | 'revoked' | 'expired'

/** All times are seconds. */
export interface WorkspaceInviteRecord {
  id: string
  workspaceId: string
  email: string
  role: WorkspaceRole
  status: InviteStatus
  invitedByUserId: string
  expiresAt: number
  /** SHA-256 of the token, in hex; the token itself is never stored. */
  tokenHash: string
  acceptedAt: number | null
  acceptedUserId: string | null
  revokedAt: number | null
  createdAt: number
  updatedAt: number
}

export type InviteRefusal = 'not_found' | 'expired' | 'revoked' | 'already_used' | 'token_mismatch' | 'email_mismatch'
type InviteRefused = { ok: false, reason: InviteRefusal }

export interface InviteMethods {
  createInvite(input: { workspaceId: string, email: string, role: WorkspaceRole, invitedByUserId: string, expiresAt: number, tokenHash: string }): Promise<{ inviteId: string }>
  listInvites(input: { workspaceId: string, status?: InviteStatus, limit?: number }): Promise<WorkspaceInviteRecord[]>
  revokeInvite(input: { workspaceId: string, inviteId: string, revokedByUserId: string }): Promise<void>
  validateInvite(input: { workspaceId: string, email: string, tokenHash: string }): Promise<{ ok: true, role: WorkspaceRole } | InviteRefused>
  acceptInviteAndProvisionUser(input: Identity & { email: string, displayName?: string, workspaceId: string, tokenHash: string }): Promise<{ ok: true, userId: string, role: WorkspaceRole, createdUser: boolean } | InviteRefused>
  consumeInvite(input: { workspaceId: string, email: string, tokenHash: string, acceptedUserId: string }): Promise<{ ok: true, role: WorkspaceRole } | InviteRefused>
}
