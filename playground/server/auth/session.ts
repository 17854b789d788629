import { randomUUID } from 'node:crypto'
import type { H3Event } from 'h3'
import { createError } from 'h3'
import { useRuntimeConfig } from '#imports'
import { DEMO_USERS, demoUserOf, emailOf } from './demo-users'
import { isDeploymentAdmin } from './deployment-admin'
import { getAuthWorkspaceStore } from './store/registry'
import type { AuthWorkspaceStore, InviteMethods, WorkspaceRole } from './store/types'

export interface SessionContext {
  authenticated: true
  provider: string
  providerUserId: string
  user: { id: string, email?: string, displayName?: string }
  workspace: { id: string, name: string }
  role: WorkspaceRole
  deploymentAdmin: boolean
}

/** Sessions are remembered for a minute, so that a poll every two seconds does not ask the store each time. */
const cache = new Map<string, { session: SessionContext, until: number }>()
/** Counts up when a user's session is forgotten, so that one that was being loaded meanwhile is not remembered. */
const generations = new Map<string, number>()
const MAX_CACHED = 2000

/** Who asks, or null (contract §5.2). Leaves the answer on the event, where providers look for it. */
export async function resolveSessionContext(event: H3Event): Promise<SessionContext | null> {
  const { auth } = useRuntimeConfig()
  const requestId = String(event.context.__or3_request_id ??= randomUUID())
  const key = `__or3_session_context_${requestId}_${auth.provider}`
  const known = event.context[key] as SessionContext | { authenticated: false } | undefined
  if (known) return known.authenticated ? known : null
  const session = await load(event)
  event.context[key] = session ?? { authenticated: false }
  return session
}

/** After a change of workspace, the acting user's next request must not see the old session. */
export function forgetSession(session: SessionContext): void {
  forgetUser(session.providerUserId)
}

export function forgetUser(providerUserId: string): void {
  const key = cacheKey(providerUserId)
  generations.set(key, (generations.get(key) ?? 0) + 1)
  cache.delete(key)
}

export async function requireSession(event: H3Event): Promise<SessionContext> {
  const session = await resolveSessionContext(event)
  if (!session) throw createError({ statusCode: 401, statusMessage: 'Unauthorized' })
  return session
}

/** The store of the configured provider. Throws 500 where nothing registered one. */
export function requireWorkspaceStore(): AuthWorkspaceStore {
  const { provider } = useRuntimeConfig().sync
  const store = getAuthWorkspaceStore(provider)
  if (!store) throw createError({ statusCode: 500, statusMessage: `AuthWorkspaceStore not registered for provider "${provider}"` })
  return store
}

/** The same store as one with invites. Throws 503 where it has none. */
export function requireInviteStore(): AuthWorkspaceStore & InviteMethods {
  const store = requireWorkspaceStore()
  if (!hasInvites(store)) throw createError({ statusCode: 503, statusMessage: 'Selected auth store does not support invites' })
  return store
}

function hasInvites(store: AuthWorkspaceStore): store is AuthWorkspaceStore & InviteMethods {
  return [store.createInvite, store.listInvites, store.revokeInvite, store.acceptInviteAndProvisionUser].every(method => method !== undefined)
}

async function load(event: H3Event): Promise<SessionContext | null> {
  const user = demoUserOf(event)
  if (!user) return null
  const key = cacheKey(user.id)
  const generation = generations.get(key)
  const cached = cache.get(key)
  if (cached && cached.until > Date.now()) return cached.session

  const { auth } = useRuntimeConfig()
  const store = requireWorkspaceStore()
  const profile = { email: emailOf(user), displayName: user.name }
  const { userId } = await store.getOrCreateUser({ provider: auth.provider, providerUserId: user.id, ...profile })
  const { workspaceId, workspaceName } = await store.getOrCreateDefaultWorkspace(userId)
  const role = await store.getWorkspaceRole({ userId, workspaceId })
  if (!role) throw createError({ statusCode: 500, statusMessage: 'The user has no role in the workspace' })

  const session: SessionContext = {
    authenticated: true,
    provider: auth.provider,
    providerUserId: user.id,
    user: { id: userId, ...profile },
    workspace: { id: workspaceId, name: workspaceName },
    role,
    // The first of them is always one, so that there is somebody to grant it to others.
    deploymentAdmin: user === DEMO_USERS[0] || await isDeploymentAdmin(useRuntimeConfig().sync.provider, user.id, auth.provider),
  }
  if (generations.get(key) !== generation) return session
  if (cache.size >= MAX_CACHED) cache.clear()
  cache.set(key, { session, until: Date.now() + auth.sessionCacheTtlMs })
  return session
}

function cacheKey(providerUserId: string): string {
  return `${useRuntimeConfig().auth.provider}:${providerUserId}`
}
