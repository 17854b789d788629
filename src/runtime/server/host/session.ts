import { isRecord, isText } from '../input'
import type { HostEvent } from './contract'
import { refusal } from './errors'

/** The host keeps a resolved session under a key that starts so (contract §5.1). */
const SESSION_KEY = '__or3_session_context_'

interface SessionContext {
  readonly user?: { readonly id?: unknown }
  readonly workspace?: { readonly id?: unknown }
}

/** Who asks, and for which workspace. */
export interface Scope {
  readonly workspaceId: string
  /** Absent for internal callers. */
  readonly userId: string | undefined
}

const MAX_WORKSPACE_ID_LENGTH = 256

/**
 * The workspace of a request, once it is certain that the session may ask for it (contract §2.2.2). An
 * event without a session is an internal caller's. Throws 400 and 403.
 */
export function requireScope(event: HostEvent, scope: unknown): Scope {
  const workspaceId = isRecord(scope) ? scope.workspaceId : undefined
  if (typeof workspaceId !== 'string' || workspaceId.trim() === '') throw refusal(400, 'workspaceId is required')
  if (!isText(workspaceId, MAX_WORKSPACE_ID_LENGTH)) {
    throw refusal(400, `workspaceId must be at most ${MAX_WORKSPACE_ID_LENGTH} characters of valid text`)
  }
  const sessions = sessionsOf(event)
  if (sessions.some(session => session.workspace?.id !== undefined && session.workspace.id !== workspaceId)) {
    throw refusal(403, 'Forbidden')
  }
  const userId = sessions.map(session => session.user?.id).find(id => typeof id === 'string' && id !== '')
  return { workspaceId, userId: typeof userId === 'string' ? userId : undefined }
}

/** The event of something the server does for a user by itself. */
export function eventFor(userId: string, workspaceId: string): HostEvent {
  return { context: { [`${SESSION_KEY}server`]: { user: { id: userId }, workspace: { id: workspaceId } } } }
}

function sessionsOf(event: HostEvent): SessionContext[] {
  const context: unknown = 'context' in event ? event.context : undefined
  if (!isRecord(context)) return []
  return Object.keys(context).filter(key => key.startsWith(SESSION_KEY)).map(key => context[key]).filter(isRecord)
}
