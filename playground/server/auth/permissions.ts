import type { H3Event } from 'h3'
import { createError } from 'h3'
import type { SessionContext } from './session'
import { requireSession } from './session'
import type { WorkspaceRole } from './store/types'

export type Permission = 'workspace.read' | 'workspace.write' | 'workspace.settings.manage' | 'users.manage' | 'admin.access'

/** Contract §5.3. */
const ROLES: Record<Exclude<Permission, 'admin.access'>, readonly WorkspaceRole[]> = {
  'workspace.read': ['owner', 'editor', 'viewer'],
  'workspace.write': ['owner', 'editor'],
  'workspace.settings.manage': ['owner'],
  'users.manage': ['owner'],
}

/** The session, if its role allows `permission` and it runs in `workspaceId`. Throws 401 and 403. */
export async function requireCan(event: H3Event, permission: Permission, workspaceId?: string): Promise<SessionContext> {
  const session = await requireSession(event)
  const elsewhere = workspaceId !== undefined && workspaceId !== session.workspace.id
  const allowed = permission === 'admin.access' ? session.deploymentAdmin : ROLES[permission].includes(session.role)
  if (elsewhere || !allowed) throw createError({ statusCode: 403, statusMessage: 'Forbidden' })
  return session
}
