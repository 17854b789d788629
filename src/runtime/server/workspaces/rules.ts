import type { InviteRefusal, InviteStatus, WorkspaceRole } from '../host/contract'
import { isText } from '../input'

/** Limits of the host's routes (contract §4.2). */
export const MAX_NAME_LENGTH = 100
export const MAX_DESCRIPTION_LENGTH = 1000
const MAX_ID_LENGTH = 512
const MAX_PROFILE_LENGTH = 320

/** What a first sign-in gets (contract §2.1.1). */
export const DEFAULT_WORKSPACE_NAME = 'My Workspace'

/** A fault of the input, as a sentence that names the field and the limit. */
export type Fault = string

export function checkIdentity(identity: { provider: unknown, providerUserId: unknown }): Fault | undefined {
  return checkId('provider', identity.provider) ?? checkId('providerUserId', identity.providerUserId)
}

export function checkId(field: string, value: unknown): Fault | undefined {
  return isText(value, MAX_ID_LENGTH) && value.trim() !== '' ? undefined : `${field} must be 1 to ${MAX_ID_LENGTH} characters of valid text`
}

export function checkWorkspace(input: { name: unknown, description?: unknown }): Fault | undefined {
  if (typeof input.name !== 'string' || input.name.trim() === '') return 'Workspace name is required'
  if (!isText(input.name, MAX_NAME_LENGTH)) return `Workspace name must be at most ${MAX_NAME_LENGTH} characters of valid text`
  const { description } = input
  if (description === undefined || description === null || description === '') return undefined
  return isText(description, MAX_DESCRIPTION_LENGTH) ? undefined : `Description must be at most ${MAX_DESCRIPTION_LENGTH} characters of valid text`
}

/** How an e-mail address is stored and looked up (trap A7). Unusable input counts as none: it must not stop a sign-in. */
export function normalizeEmail(email: unknown): string | null {
  return isText(email, MAX_PROFILE_LENGTH) ? email.trim().toLowerCase() || null : null
}

export function normalizeDisplayName(name: unknown): string | null {
  return isText(name, MAX_PROFILE_LENGTH) ? name.trim() || null : null
}

const RANK: Record<WorkspaceRole, number> = { viewer: 1, editor: 2, owner: 3 }

export function isRole(role: unknown): role is WorkspaceRole {
  return typeof role === 'string' && Object.hasOwn(RANK, role)
}

/** What an invite makes of a member: it may raise a role and never lowers one (trap A9). */
export function raisedRole(current: WorkspaceRole | undefined, invited: WorkspaceRole): WorkspaceRole {
  return current !== undefined && RANK[current] > RANK[invited] ? current : invited
}

export const INVITE_STATUSES: readonly InviteStatus[] = ['pending', 'accepted', 'revoked', 'expired']

/** Why an invite cannot be accepted, in the order the contract checks (§2.1.2). `now`: seconds. */
export function inviteRefusal(invite: { email: string, status: InviteStatus, expires_at: number } | undefined, email: string | null, now: number): InviteRefusal | undefined {
  if (!invite) return 'not_found'
  if (invite.email !== email) return 'email_mismatch'
  if (invite.status === 'accepted') return 'already_used'
  if (invite.status === 'revoked') return 'revoked'
  return invite.status === 'expired' || invite.expires_at <= now ? 'expired' : undefined
}

export function checkInvite(input: { workspaceId: unknown, email: unknown, role: unknown, invitedByUserId: unknown, expiresAt: unknown, tokenHash: unknown }, now: number): Fault | undefined {
  return checkId('workspaceId', input.workspaceId)
    ?? (normalizeEmail(input.email)?.includes('@') ? undefined : `email must be an e-mail address of at most ${MAX_PROFILE_LENGTH} characters`)
    ?? checkRole(input.role)
    ?? checkId('invitedByUserId', input.invitedByUserId)
    ?? (typeof input.expiresAt === 'number' && Number.isSafeInteger(input.expiresAt) && input.expiresAt > now ? undefined : 'expiresAt must be a time to come, in seconds')
    ?? checkId('tokenHash', input.tokenHash)
}

export function checkRole(role: unknown): Fault | undefined {
  return isRole(role) ? undefined : 'role must be owner, editor or viewer'
}
