import { compile, query } from '../database/builder'
import type { Engine, Plan, Reading } from '../engine/engine'
import type { UserSummary } from '../host/admin-contract'
import { profileOf, userExists } from '../workspaces/users'
import { WorkspaceRefusedError } from '../workspaces/workspaces'

/** Newest first. `createdAt` in milliseconds. */
export async function listAdmins(engine: Engine): Promise<(UserSummary & { createdAt: number })[]> {
  const rows = await engine.all(compile(query.selectFrom('deployment_admins as admin')
    .innerJoin('users as user', 'user.id', 'admin.user_id')
    .select(['user.id as user_id', 'user.email', 'user.display_name', 'admin.created_at_ms'])
    .orderBy('admin.created_at_ms', 'desc').orderBy('user.id')))
  return rows.map(row => ({ ...profileOf(row), createdAt: row.created_at_ms }))
}

/** Once or often is the same; the first grant's time stays. Throws WorkspaceRefusedError for an unknown user. */
export async function grantAdmin(engine: Engine, userId: string, createdBy: string | null, nowMs: number): Promise<void> {
  return engine.write(function* (): Reading<Plan<void>> {
    if (!(yield* userExists(userId))) throw new WorkspaceRefusedError('user-unknown')
    return {
      writes: [compile(query.insertInto('deployment_admins')
        .values({ user_id: userId, created_at_ms: nowMs, created_by_user_id: createdBy })
        .onConflict(conflict => conflict.column('user_id').doNothing()))],
      result: undefined,
    }
  })
}

export async function revokeAdmin(engine: Engine, userId: string): Promise<void> {
  await engine.batch([compile(query.deleteFrom('deployment_admins').where('user_id', '=', userId))])
}

export async function isAdmin(engine: Engine, userId: string): Promise<boolean> {
  return (await engine.all(compile(query.selectFrom('deployment_admins').select('user_id').where('user_id', '=', userId)))).length > 0
}

/** Whether the person behind an identity was made a deployment admin. */
export async function isIdentityAdmin(engine: Engine, provider: string, providerUserId: string): Promise<boolean> {
  return (await engine.all(compile(query.selectFrom('auth_accounts as account')
    .innerJoin('deployment_admins as admin', 'admin.user_id', 'account.user_id')
    .select('admin.user_id')
    .where('account.provider', '=', provider).where('account.provider_user_id', '=', providerUserId)))).length > 0
}
