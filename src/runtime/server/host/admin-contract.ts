/** The host's admin stores and adapter (contract §2.7 to §2.9). Times are milliseconds. */
import type { HostEvent, WorkspaceRole } from './contract'

export interface UserSummary {
  userId: string
  email?: string
  displayName?: string
}

export interface WorkspaceSummary {
  id: string
  name: string
  description?: string
  createdAt: number
  deleted: boolean
  deletedAt?: number
  ownerUserId?: string
  ownerEmail?: string
  memberCount: number
}

export interface WorkspaceAccessStore {
  listMembers(input: { workspaceId: string }): Promise<{ userId: string, email?: string, role: WorkspaceRole }[]>
  upsertMember(input: { workspaceId: string, emailOrProviderId: string, role: WorkspaceRole, provider?: string }): Promise<void>
  setMemberRole(input: { workspaceId: string, userId: string, role: WorkspaceRole }): Promise<void>
  removeMember(input: { workspaceId: string, userId: string }): Promise<void>
  listWorkspaces(input: { search?: string, includeDeleted?: boolean, page: number, perPage: number }): Promise<{ items: WorkspaceSummary[], total: number }>
  getWorkspace(input: { workspaceId: string }): Promise<WorkspaceSummary | null>
  createWorkspace(input: { name: string, description?: string, ownerUserId: string }): Promise<{ workspaceId: string }>
  softDeleteWorkspace(input: { workspaceId: string, deletedAt: number }): Promise<void>
  restoreWorkspace(input: { workspaceId: string }): Promise<void>
  searchUsers(input: { query: string, limit?: number }): Promise<UserSummary[]>
}

export interface WorkspaceSettingsStore {
  get(workspaceId: string, key: string): Promise<string | null>
  set(workspaceId: string, key: string, value: string): Promise<void>
  /** Writes only if the value is still `expected`; null means that there must be none. */
  compareAndSet(workspaceId: string, key: string, expected: string | null, next: string): Promise<boolean>
}

export interface AdminUserStore {
  listAdmins(): Promise<(UserSummary & { createdAt: number })[]>
  grantAdmin(input: { userId: string, createdByUserId?: string }): Promise<void>
  revokeAdmin(input: { userId: string }): Promise<void>
  isAdmin(input: { userId: string }): Promise<boolean>
  searchUsers(input: { query: string, limit?: number }): Promise<UserSummary[]>
}

export interface AdminStoreCapabilities {
  supportsServerSideAdmin: boolean
  supportsUserSearch: boolean
  supportsWorkspaceList: boolean
  supportsWorkspaceManagement: boolean
  supportsDeploymentAdminGrants: boolean
}

export interface AdminStoreProvider {
  id: string
  createWorkspaceAccessStore(event?: HostEvent): WorkspaceAccessStore
  createWorkspaceSettingsStore(event?: HostEvent): WorkspaceSettingsStore
  createAdminUserStore(event?: HostEvent): AdminUserStore
  getCapabilities(): AdminStoreCapabilities
}

export interface ProviderStatus {
  details?: Record<string, unknown>
  warnings: { level: 'warning' | 'error', message: string }[]
  actions: { id: string, label: string, description?: string, danger?: boolean }[]
}

export interface ProviderAdminAdapter {
  id: string
  kind: 'sync'
  getStatus(event: HostEvent, context: { enabled: boolean, provider: string }): Promise<ProviderStatus>
  runAction(event: HostEvent, actionId: string, payload: unknown, context: { session?: unknown }): Promise<unknown>
}

export interface DeploymentAdminChecker {
  checkDeploymentAdmin(providerUserId: string, provider: string): Promise<boolean>
}
