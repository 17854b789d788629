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

/** The user behind an identity, or null. Writes nothing. */
export async function getUser(engine: Engine, identity: Identity): Promise<UserProfile | null> {
  const [account] = await engine.all(accountOf(identity))
  if (!account) return null
  return {
    userId: account.user_id,
    ...account.email === null ? {} : { email: account.email },
    ...account.display_name === null ? {} : { displayName: account.display_name },
  }
}

/**
 * One user per identity, whoever asks at the same time (trap A1). Takes what the auth provider says about
 * the person now (trap A15), and the write lock only if that is news. `nowMs`: milliseconds.
 */
export async function getOrCreateUser(engine: Engine, signIn: SignIn, nowMs: number): Promise<{ userId: string }> {
  const [known] = await engine.all(accountOf(signIn))
  if (known && !profileChange(known, signIn)) return { userId: known.user_id }
  const newId = randomUUID()
  return engine.write(function* () {
    const [account] = yield* ask(accountOf(signIn))
    if (account) return { writes: refresh(account, signIn), result: { userId: account.user_id } }
    return {
      writes: [
        compile(query.insertInto('users').values({
          id: newId,
          email: normalizeEmail(signIn.email),
          display_name: normalizeDisplayName(signIn.displayName),
          active_workspace_id: null,
          created_at_ms: nowMs,
        })),
        compile(query.insertInto('auth_accounts').values({
          provider: signIn.provider,
          provider_user_id: signIn.providerUserId,
          user_id: newId,
          created_at_ms: nowMs,
        })),
      ],
      result: { userId: newId },
    }
  })
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
