import type { WorkspaceRole } from '../../auth/store/types'

export interface WorkspaceSummary {
  id: string
  name: string
  description?: string
  /** Milliseconds, as all times here. */
  createdAt: number
  deleted: boolean
  deletedAt?: number
  ownerUserId?: string
  ownerEmail?: string
  memberCount: number
}

export interface UserSummary { userId: string, email?: string, displayName?: string }

/** What the host asks of its admin stores (contract §2.7). */
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
}

export interface AdminUserStore {
  listAdmins(): Promise<(UserSummary & { createdAt: number })[]>
  grantAdmin(input: { userId: string, createdByUserId?: string }): Promise<void>
  revokeAdmin(input: { userId: string }): Promise<void>
  searchUsers(input: { query: string, limit?: number }): Promise<UserSummary[]>
}
