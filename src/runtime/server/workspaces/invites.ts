import { randomUUID } from 'node:crypto'
import type { Engine, Plan, Reading, Statement } from '../engine/engine'
import { ask } from '../engine/engine'
import { compile, query } from '../database/builder'
import type { InviteRefusal, InviteStatus, WorkspaceInviteRecord, WorkspaceRole } from '../host/contract'
import { inviteRefusal, normalizeEmail, raisedRole } from './rules'
import type { SignIn, SignInRules } from './users'
import { newUser, userExists, userOf } from './users'
import { activate, roleOf, workspaceIsLive, WorkspaceRefusedError } from './workspaces'

export interface Invitation {
  readonly workspaceId: string
  readonly email: string
  readonly role: WorkspaceRole
  readonly invitedByUserId: string
  /** Seconds. */
  readonly expiresAt: number
  readonly tokenHash: string
}

export interface InviteKey {
  readonly workspaceId: string
  readonly email: string
  readonly tokenHash: string
}

type Refused = { ok: false, reason: InviteRefusal }

/**
 * Notes an invitation. The host's token is made of workspace, address and second, so asking twice within a
 * second is one invitation with the later role. `now`: seconds. Throws WorkspaceRefusedError.
 */
export async function createInvite(engine: Engine, invite: Invitation, now: number): Promise<{ inviteId: string }> {
  const id = randomUUID()
  return engine.write(function* (): Reading<Plan<{ inviteId: string }>> {
    if (!(yield* workspaceIsLive(invite.workspaceId))) throw new WorkspaceRefusedError('workspace-removed')
    const [twin] = yield* ask(findByToken(invite.workspaceId, invite.tokenHash))
    if (twin && twin.status !== 'pending') throw new WorkspaceRefusedError('invite-ended')
    if (twin) return { writes: [update(invite.workspaceId, twin.id, { role: invite.role, updated_at: now })], result: { inviteId: twin.id } }
    return {
      writes: [compile(query.insertInto('auth_invites').values({
        workspace_id: invite.workspaceId, id, email: normalizeEmail(invite.email) ?? '', role: invite.role, status: 'pending',
        invited_by_user_id: invite.invitedByUserId, token_hash: invite.tokenHash, expires_at: invite.expiresAt,
        accepted_at: null, accepted_user_id: null, revoked_at: null, revoked_by_user_id: null, created_at: now, updated_at: now,
      }))],
      result: { inviteId: id },
    }
  })
}

/** Newest first; what is overdue is marked as expired on the way. `now`: seconds. */
export async function listInvites(engine: Engine, filter: { workspaceId: string, status: InviteStatus | undefined, limit: number }, now: number): Promise<WorkspaceInviteRecord[]> {
  const { workspaceId, status, limit } = filter
  const all = query.selectFrom('auth_invites').selectAll().where('workspace_id', '=', workspaceId)
  const wanted = compile((status === undefined ? all : all.where('status', '=', status)).orderBy('created_at', 'desc').orderBy('id').limit(limit))
  const result = await engine.batch([expireOverdue(workspaceId, now), wanted])
  return result.rowsOf(wanted).map(row => ({
    id: row.id,
    workspaceId: row.workspace_id,
    email: row.email,
    role: row.role,
    status: row.status,
    invitedByUserId: row.invited_by_user_id,
    expiresAt: row.expires_at,
    tokenHash: row.token_hash,
    acceptedAt: row.accepted_at,
    acceptedUserId: row.accepted_user_id,
    revokedAt: row.revoked_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }))
}

/** Ends a pending invite; one that has ended already stays as it ended (trap A11). Throws WorkspaceRefusedError. */
export async function revokeInvite(engine: Engine, invite: { workspaceId: string, inviteId: string, revokedByUserId: string }, now: number): Promise<void> {
  const { workspaceId, inviteId, revokedByUserId } = invite
  const found = compile(query.selectFrom('auth_invites').select('id').where('workspace_id', '=', workspaceId).where('id', '=', inviteId))
  const revoke = compile(query.updateTable('auth_invites')
    .set({ status: 'revoked', revoked_at: now, revoked_by_user_id: revokedByUserId, updated_at: now })
    .where('workspace_id', '=', workspaceId).where('id', '=', inviteId).where('status', '=', 'pending').where('expires_at', '>', now))
  const result = await engine.batch([expireOverdue(workspaceId, now), revoke, found])
  if (result.rowsOf(found).length === 0) throw new WorkspaceRefusedError('invite-unknown')
}

/** Whether the invite could be accepted now. Writes nothing. `now`: seconds. */
export async function validateInvite(engine: Engine, key: InviteKey, now: number): Promise<{ ok: true, role: WorkspaceRole } | Refused> {
  return engine.read(function* () {
    const found = yield* findOpen(key, now)
    return found.ok ? { ok: true as const, role: found.invite.role } : found
  })
}

/**
 * Accepts an invite for an identity: user, account, membership, active workspace and the invite's end are
 * one unit of work, so it happens once or not at all. An admin's placeholder for the address becomes this
 * user (trap A8). Whoever made the invite has its token too, so it proves nothing beyond their workspace:
 * a placeholder that is more than a member of it is left alone, unless the provider vouches for addresses.
 * `nowMs`: milliseconds.
 */
export async function acceptInvite(engine: Engine, key: InviteKey & SignIn, { verifiedEmailProviders }: SignInRules, nowMs: number): Promise<{ ok: true, userId: string, role: WorkspaceRole, createdUser: boolean } | Refused> {
  const newId = randomUUID()
  const now = Math.floor(nowMs / 1000)
  type Result = Awaited<ReturnType<typeof acceptInvite>>
  return engine.write(function* (): Reading<Plan<Result>> {
    const found = yield* findOpen(key, now)
    if (!found.ok) return { writes: [], result: found }
    const known = yield* userOf(key)
    const user = known === undefined ? yield* newUser(key, { newId, nowMs, placeholders: verifiedEmailProviders.includes(key.provider) ? 'any' : { onlyOf: key.workspaceId } }) : { userId: known, created: false, writes: [] }
    const { role, writes } = yield* join(found.invite, user.userId, nowMs)
    return {
      writes: [...user.writes, ...writes, activate(user.userId, key.workspaceId)],
      result: { ok: true, userId: user.userId, role, createdUser: user.created },
    }
  })
}

/** Accepts an invite for a user who is there already. `nowMs`: milliseconds. Throws WorkspaceRefusedError. */
export async function consumeInvite(engine: Engine, key: InviteKey & { acceptedUserId: string }, nowMs: number): Promise<{ ok: true, role: WorkspaceRole } | Refused> {
  type Result = Awaited<ReturnType<typeof consumeInvite>>
  return engine.write(function* (): Reading<Plan<Result>> {
    if (!(yield* userExists(key.acceptedUserId))) throw new WorkspaceRefusedError('user-unknown')
    const found = yield* findOpen(key, Math.floor(nowMs / 1000))
    if (!found.ok) {
      const reason = found.reason === 'not_found' && (yield* hasInviteFor(key)) ? 'token_mismatch' : found.reason
      return { writes: [], result: { ok: false, reason } }
    }
    const { role, writes } = yield* join(found.invite, key.acceptedUserId, nowMs)
    return { writes, result: { ok: true, role } }
  })
}

interface InviteRow {
  readonly id: string
  readonly workspace_id: string
  readonly email: string
  readonly role: WorkspaceRole
  readonly status: InviteStatus
  readonly expires_at: number
}

/** By its token, never by address alone: an address may have several (trap A10). */
function* findOpen(key: InviteKey, now: number): Reading<{ ok: true, invite: InviteRow } | Refused> {
  const live = yield* workspaceIsLive(key.workspaceId)
  const [invite] = live ? yield* ask(findByToken(key.workspaceId, key.tokenHash)) : []
  const reason = inviteRefusal(invite, normalizeEmail(key.email), now)
  return invite && reason === undefined ? { ok: true, invite } : { ok: false, reason: reason ?? 'not_found' }
}

function* hasInviteFor(key: InviteKey): Reading<boolean> {
  if (!(yield* workspaceIsLive(key.workspaceId))) return false
  return (yield* ask(compile(query.selectFrom('auth_invites').select('id')
    .where('workspace_id', '=', key.workspaceId).where('email', '=', normalizeEmail(key.email) ?? '').limit(1)))).length > 0
}

function* join(invite: InviteRow, userId: string, nowMs: number): Reading<{ role: WorkspaceRole, writes: Statement[] }> {
  const current = yield* roleOf({ workspaceId: invite.workspace_id, userId })
  const role = raisedRole(current, invite.role)
  const now = Math.floor(nowMs / 1000)
  return {
    role,
    writes: [
      compile(query.insertInto('workspace_members')
        .values({ workspace_id: invite.workspace_id, user_id: userId, role, created_at_ms: nowMs })
        .onConflict(conflict => conflict.columns(['workspace_id', 'user_id']).doUpdateSet({ role }))),
      update(invite.workspace_id, invite.id, { status: 'accepted', accepted_at: now, accepted_user_id: userId, updated_at: now }),
    ],
  }
}

function findByToken(workspaceId: string, tokenHash: string): Statement<InviteRow> {
  return compile(query.selectFrom('auth_invites')
    .select(['id', 'workspace_id', 'email', 'role', 'status', 'expires_at'])
    .where('workspace_id', '=', workspaceId).where('token_hash', '=', tokenHash))
}

function update(workspaceId: string, id: string, change: { role?: WorkspaceRole, status?: InviteStatus, accepted_at?: number, accepted_user_id?: string, updated_at: number }): Statement {
  return compile(query.updateTable('auth_invites').set(change).where('workspace_id', '=', workspaceId).where('id', '=', id))
}

function expireOverdue(workspaceId: string, now: number): Statement {
  return compile(query.updateTable('auth_invites').set({ status: 'expired', updated_at: now })
    .where('workspace_id', '=', workspaceId).where('status', '=', 'pending').where('expires_at', '<=', now))
}
