import { randomUUID } from 'node:crypto'
import type { Engine, Reading, Statement } from '../engine/engine'
import { ask } from '../engine/engine'
import { compile, query } from '../database/builder'
import type { Identity, UserProfile } from '../host/contract'
import { normalizeDisplayName, normalizeEmail } from './rules'

interface AccountRow {
  readonly user_id: string
  readonly email: string | null
  readonly display_name: string | null
}

export interface SignIn extends Identity {
  readonly email?: string
  readonly displayName?: string
}

/** A user as hosts know one: absent, not null, where nothing is known. */
export function profileOf(row: AccountRow): UserProfile {
  return {
    userId: row.user_id,
    ...row.email === null ? {} : { email: row.email },
    ...row.display_name === null ? {} : { displayName: row.display_name },
  }
}

/** The user behind an identity, or null. Writes nothing. */
export async function getUser(engine: Engine, identity: Identity): Promise<UserProfile | null> {
  const [account] = await engine.all(accountOf(identity))
  return account ? profileOf(account) : null
}

export interface SignInRules {
  /** Auth providers that vouch for the e-mail addresses they report (trap A8). */
  readonly verifiedEmailProviders: readonly string[]
}

/**
 * One user per identity, whoever asks at the same time (trap A1). Takes what the auth provider says about
 * the person now (trap A15), and the write lock only if that is news. Somebody who was added by e-mail
 * before they ever signed in becomes that user, if their provider vouches for the address. `nowMs`:
 * milliseconds.
 */
export async function getOrCreateUser(engine: Engine, signIn: SignIn, { verifiedEmailProviders }: SignInRules, nowMs: number): Promise<{ userId: string }> {
  const [known] = await engine.all(accountOf(signIn))
  if (known && !profileChange(known, signIn)) return { userId: known.user_id }
  const newId = randomUUID()
  return engine.write(function* () {
    const [account] = yield* ask(accountOf(signIn))
    if (account) return { writes: refresh(account, signIn), result: { userId: account.user_id } }
    const placeholders = verifiedEmailProviders.includes(signIn.provider) ? 'any' : 'none'
    const { userId, writes } = yield* newUser(signIn, { newId, nowMs, placeholders })
    return { writes, result: { userId } }
  })
}

/**
 * Which users without an account an identity may become by its e-mail address: any, where somebody vouches
 * for the address; else those that are nothing but members of the one workspace that lets the identity in.
 */
export type Placeholders = 'any' | 'none' | { readonly onlyOf: string }

/** Makes the user of an identity that has none, or takes the placeholder that waits for its e-mail address. */
export function* newUser(signIn: SignIn, { newId, nowMs, placeholders }: { newId: string, nowMs: number, placeholders: Placeholders }): Reading<{ userId: string, created: boolean, writes: Statement[] }> {
  const email = normalizeEmail(signIn.email)
  const [placeholder] = placeholders !== 'none' && email !== null ? yield* ask(placeholderOf(email, placeholders)) : []
  if (placeholder) {
    const writes = [insertAccount(signIn, placeholder.user_id, nowMs), ...refresh(placeholder, signIn)]
    return { userId: placeholder.user_id, created: false, writes }
  }
  const writes = [insertUser({ id: newId, email, displayName: normalizeDisplayName(signIn.displayName), nowMs }), insertAccount(signIn, newId, nowMs)]
  return { userId: newId, created: true, writes }
}

/** The user id behind an identity. */
export function* userOf(identity: Identity): Reading<string | undefined> {
  return (yield* ask(accountOf(identity)))[0]?.user_id
}

/** `email` and `displayName` as they are stored. */
export function insertUser(user: { id: string, email: string | null, displayName: string | null, nowMs: number }): Statement {
  return compile(query.insertInto('users').values({
    id: user.id, email: user.email, display_name: user.displayName, active_workspace_id: null, created_at_ms: user.nowMs,
  }))
}

export function insertAccount(identity: Identity, userId: string, nowMs: number): Statement {
  return compile(query.insertInto('auth_accounts').values({
    provider: identity.provider, provider_user_id: identity.providerUserId, user_id: userId, created_at_ms: nowMs,
  }))
}

/** The user that was made for an e-mail address by an admin and that nobody signs in as yet. */
function placeholderOf(email: string, which: Exclude<Placeholders, 'none'>): Statement<AccountRow> {
  const found = query.selectFrom('users as user')
    .select(['user.id as user_id', 'user.email', 'user.display_name'])
    .where('user.email', '=', email)
    .where(({ not, exists, selectFrom }) => not(exists(selectFrom('auth_accounts as account').select('account.user_id').whereRef('account.user_id', '=', 'user.id'))))
    .orderBy('user.created_at_ms').orderBy('user.id').limit(1)
  if (which === 'any') return compile(found)
  return compile(found
    .where(({ not, exists, selectFrom }) => not(exists(selectFrom('workspace_members as member').select('member.user_id')
      .whereRef('member.user_id', '=', 'user.id').where('member.workspace_id', '<>', which.onlyOf))))
    .where(({ not, exists, selectFrom }) => not(exists(selectFrom('deployment_admins as admin').select('admin.user_id').whereRef('admin.user_id', '=', 'user.id')))))
}

/** Whether a user of this id exists. */
export function* userExists(userId: string): Reading<boolean> {
  return (yield* ask(compile(query.selectFrom('users').select('id').where('id', '=', userId)))).length > 0
}

function accountOf(identity: Identity): Statement<AccountRow> {
  return compile(query.selectFrom('auth_accounts as account')
    .innerJoin('users as user', 'user.id', 'account.user_id')
    .select(['account.user_id', 'user.email', 'user.display_name'])
    .where('account.provider', '=', identity.provider)
    .where('account.provider_user_id', '=', identity.providerUserId))
}

/** What the sign-in says that the stored profile does not; a field the provider leaves out is kept. */
function profileChange(account: AccountRow, signIn: SignIn): { email?: string, display_name?: string } | undefined {
  const email = normalizeEmail(signIn.email)
  const displayName = normalizeDisplayName(signIn.displayName)
  const change = {
    ...email !== null && email !== account.email ? { email } : {},
    ...displayName !== null && displayName !== account.display_name ? { display_name: displayName } : {},
  }
  return Object.keys(change).length > 0 ? change : undefined
}

function refresh(account: AccountRow, signIn: SignIn): Statement[] {
  const change = profileChange(account, signIn)
  return change ? [compile(query.updateTable('users').set(change).where('id', '=', account.user_id))] : []
}
