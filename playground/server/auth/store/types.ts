export type WorkspaceRole = 'owner' | 'editor' | 'viewer'

/** What the host asks of its workspace store (contract §2.1.1). */
export interface AuthWorkspaceStore extends Partial<InviteMethods> {
  getUser?(identity: { provider: string, providerUserId: string }): Promise<{ userId: string, email?: string, displayName?: string } | null>
  getOrCreateUser(identity: { provider: string, providerUserId: string, email?: string, displayName?: string }): Promise<{ userId: string }>
  getOrCreateDefaultWorkspace(userId: string): Promise<{ workspaceId: string, workspaceName: string, created?: boolean }>
  getWorkspaceRole(member: { userId: string, workspaceId: string }): Promise<WorkspaceRole | null>
  listUserWorkspaces(userId: string): Promise<{ id: string, name: string, description?: string, role: WorkspaceRole, createdAt?: number, isActive?: boolean }[]>
  createWorkspace(input: { userId: string, name: string, description?: string | null }): Promise<{ workspaceId: string }>
  updateWorkspace(input: { userId: string, workspaceId: string, name: string, description?: string | null }): Promise<void>
  removeWorkspace(member: { userId: string, workspaceId: string }): Promise<void>
  setActiveWorkspace(member: { userId: string, workspaceId: string }): Promise<void>
}

/** Only stores of August have these (contract §2.1.2). Times are seconds. */
export interface InviteMethods {
  createInvite(input: { workspaceId: string, email: string, role: WorkspaceRole, invitedByUserId: string, expiresAt: number, tokenHash: string }): Promise<{ inviteId: string }>
  listInvites(input: { workspaceId: string, status?: string, limit?: number }): Promise<unknown[]>
  revokeInvite(input: { workspaceId: string, inviteId: string, revokedByUserId: string }): Promise<void>
  acceptInviteAndProvisionUser(input: { provider: string, providerUserId: string, email: string, displayName?: string, workspaceId: string, tokenHash: string }): Promise<{ ok: true, userId: string, role: WorkspaceRole } | { ok: false, reason: string }>
}
