import { randomUUID } from 'node:crypto'
import type { Engine, Plan, Reading, Statement } from '../engine/engine'
import { ask, prepared } from '../engine/engine'
import { compile, query } from '../database/builder'
import type { WorkspaceRole } from '../host/contract'
import { normalizeEmail } from './rules'
import { insertAccount, insertUser, userExists } from './users'
import type { Member } from './workspaces'
import { rehome, roleOf, workspaceIsLive, WorkspaceRefusedError } from './workspaces'

/* Somebody who was taken out must not go on hearing of the workspace. */
const silenceWebhooks = prepared<never>(`
  UPDATE webhooks SET enabled = 0 WHERE scope = 'user' AND workspace_id = ? AND user_id = ?`)
const cancelDeliveries = prepared<never>(`
  UPDATE webhook_deliveries SET status = 'cancelled', claimed_by = NULL, claimed_at = NULL, next_retry_at = NULL
  WHERE status IN ('pending', 'in_flight')
    AND webhook_id IN (SELECT id FROM webhooks WHERE scope = 'user' AND workspace_id = ? AND user_id = ?)`)

export interface ListedMember {
  readonly userId: string
  readonly email?: string
  readonly role: WorkspaceRole
}

/** Earliest first. */
export async function listMembers(engine: Engine, workspaceId: string): Promise<ListedMember[]> {
  const rows = await engine.all(compile(query.selectFrom('workspace_members as member')
    .innerJoin('users as user', 'user.id', 'member.user_id')
    .select(['user.id', 'user.email', 'member.role'])
    .where('member.workspace_id', '=', workspaceId)
    .orderBy('member.created_at_ms').orderBy('user.id')))
  return rows.map(row => ({ userId: row.id, ...row.email === null ? {} : { email: row.email }, role: row.role }))
}

export interface NewMember {
  readonly workspaceId: string
  /** An e-mail address, or an id at an auth provider, or one of our user ids. */
  readonly emailOrProviderId: string
  readonly role: WorkspaceRole
  readonly provider: string | undefined
}

/**
 * Adds a member or changes the role of one. Somebody unknown becomes a user nobody signs in as yet: by
 * their id at the provider they will be it; by e-mail only through an invite or a provider that vouches
 * for addresses (trap A8). Throws WorkspaceRefusedError.
 */
export async function upsertMember(engine: Engine, input: NewMember, nowMs: number): Promise<void> {
  const newId = randomUUID()
  return engine.write(function* (): Reading<Plan<void>> {
    if (!(yield* workspaceIsLive(input.workspaceId))) throw new WorkspaceRefusedError('workspace-removed')
    const person = yield* findPerson(input, newId, nowMs)
    const member = { workspaceId: input.workspaceId, userId: person.userId }
    const current = yield* roleOf(member)
    if (current !== undefined) return { writes: yield* changeRole(member, current, input.role), result: undefined }
    const join = compile(query.insertInto('workspace_members').values({
      workspace_id: member.workspaceId, user_id: member.userId, role: input.role, created_at_ms: nowMs,
    }))
    return { writes: [...person.writes, join], result: undefined }
  })
}

/** Throws WorkspaceRefusedError: the last owner stays one. */
export async function setMemberRole(engine: Engine, member: Member & { role: WorkspaceRole }): Promise<void> {
  return engine.write(function* (): Reading<Plan<void>> {
    return { writes: yield* changeRole(member, yield* requireMember(member), member.role), result: undefined }
  })
}

/** Takes a member out and their sessions elsewhere. Throws WorkspaceRefusedError: the last owner stays. */
export async function removeMember(engine: Engine, member: Member): Promise<void> {
  return engine.write(function* (): Reading<Plan<void>> {
    const role = yield* requireMember(member)
    if (role === 'owner' && (yield* isLastOwner(member))) throw new WorkspaceRefusedError('last-owner-removed')
    return {
      writes: [
        compile(query.deleteFrom('workspace_members').where('workspace_id', '=', member.workspaceId).where('user_id', '=', member.userId)),
        rehome(member.workspaceId, member.userId),
        silenceWebhooks(member.workspaceId, member.userId),
        cancelDeliveries(member.workspaceId, member.userId),
      ],
      result: undefined,
    }
  })
}

function* requireMember(member: Member): Reading<WorkspaceRole> {
  const role = yield* roleOf(member)
  if (role === undefined) throw new WorkspaceRefusedError('member-unknown')
  return role
}

function* changeRole(member: Member, current: WorkspaceRole, role: WorkspaceRole): Reading<Statement[]> {
  if (current === role) return []
  if (current === 'owner' && (yield* isLastOwner(member))) throw new WorkspaceRefusedError('last-owner-demoted')
  return [compile(query.updateTable('workspace_members').set({ role }).where('workspace_id', '=', member.workspaceId).where('user_id', '=', member.userId))]
}

/** Somebody nobody can sign in as does not count. */
function* isLastOwner(member: Member): Reading<boolean> {
  const others = yield* ask(compile(query.selectFrom('workspace_members').select('user_id')
    .where('workspace_id', '=', member.workspaceId).where('role', '=', 'owner').where('user_id', '<>', member.userId)
    .where(({ exists, selectFrom }) => exists(selectFrom('auth_accounts as account').select('account.user_id').whereRef('account.user_id', '=', 'workspace_members.user_id')))
    .limit(1)))
  return others.length === 0
}

interface Person {
  readonly userId: string
  readonly writes: readonly Statement[]
}

function* findPerson({ emailOrProviderId: name, provider }: NewMember, newId: string, nowMs: number): Reading<Person> {
  const email = name.includes('@') ? normalizeEmail(name) : null
  const found = yield* onlyOne(email === null ? byProviderId(name, provider) : byEmail(email))
  if (found !== undefined) return { userId: found, writes: [] }
  if (email !== null) return { userId: newId, writes: [insertUser({ id: newId, email, displayName: null, nowMs })] }
  if (yield* userExists(name)) return { userId: name, writes: [] }
  const identity = { provider: provider ?? 'custom', providerUserId: name }
  return { userId: newId, writes: [insertUser({ id: newId, email: null, displayName: null, nowMs }), insertAccount(identity, newId, nowMs)] }
}

/** Addresses are what people claim at sign-in: where two claim the same one, an admin has to say whom they mean. */
function* onlyOne(statement: Statement<{ user_id: string }>): Reading<string | undefined> {
  const users = new Set((yield* ask(statement)).map(row => row.user_id))
  if (users.size > 1) throw new WorkspaceRefusedError('user-ambiguous')
  return [...users][0]
}

function byEmail(email: string): Statement<{ user_id: string }> {
  return compile(query.selectFrom('users').select('id as user_id').where('email', '=', email).limit(2))
}

function byProviderId(providerUserId: string, provider: string | undefined): Statement<{ user_id: string }> {
  const found = query.selectFrom('auth_accounts').select('user_id').where('provider_user_id', '=', providerUserId)
  return compile(provider === undefined ? found : found.where('provider', '=', provider))
}
