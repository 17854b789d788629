import { compile, query } from '../database/builder'
import type { Engine, Plan, Reading } from '../engine/engine'
import type { ConnectEnvironmentRecord, ConnectScope } from '../host/connect-contract'
import { changeEnvironment, endAuthorizationOf, findEnvironment } from './sql'
import { isInScope, MAX_PURGE, toEnvironment, toRevoked } from './state'

/** Connected computers, the ones changed last first. */
export async function listEnvironments(engine: Engine, scope: ConnectScope): Promise<ConnectEnvironmentRecord[]> {
  const rows = await engine.all(compile(query.selectFrom('connect_environments').selectAll()
    .where('user_id', '=', scope.userId).where('workspace_id', '=', scope.workspaceId).where('status', '=', 'active')
    .orderBy('updated_at', 'desc').orderBy('id')))
  return rows.map(toEnvironment)
}

export async function findByControlToken(engine: Engine, hash: string, scope: ConnectScope): Promise<ConnectEnvironmentRecord | null> {
  const rows = await engine.all(compile(query.selectFrom('connect_environments').selectAll().where('control_token_hash', '=', hash)))
  const row = rows.find(found => isInScope(found, scope))
  return row ? toEnvironment(row) : null
}

/** Ends an environment without the relay. Looks whose it is before it touches anything (trap C1). */
export async function revokeEnvironment(engine: Engine, id: string, scope: ConnectScope, now: number): Promise<boolean> {
  return engine.write(function* (): Reading<Plan<boolean>> {
    const row = yield* findEnvironment(id)
    if (!row || !isInScope(row, scope) || row.status === 'revoked') return { writes: [], result: false }
    return { writes: [changeEnvironment(id, toRevoked(now), now), endAuthorizationOf(row, now)], result: true }
  })
}

export interface Purge {
  readonly authorizationUpdatedBefore: number
  readonly revokedEnvironmentUpdatedBefore: number
  readonly batchSize: number
}

/** Forgets ended pairings and revoked computers, the oldest first; pairings nobody came back for have ended too. */
export async function purge(engine: Engine, { authorizationUpdatedBefore: before, revokedEnvironmentUpdatedBefore, batchSize }: Purge): Promise<{ authorizations: number, environments: number }> {
  const limit = Math.min(batchSize, MAX_PURGE)
  const authorizations = compile(query.deleteFrom('connect_authorizations').where('id', 'in', query.selectFrom('connect_authorizations').select('id')
    .where('updated_at', '<', before)
    .where(({ or, and, eb }) => or([
      eb('status', 'in', ['denied', 'consumed', 'expired']),
      and([eb('status', 'in', ['pending', 'approved', 'delivering']), eb('expires_at', '<', before)]),
    ]))
    .orderBy('updated_at').limit(limit)).returning('id'))
  const environments = compile(query.deleteFrom('connect_environments').where('id', 'in', query.selectFrom('connect_environments').select('id')
    .where('status', '=', 'revoked').where('updated_at', '<', revokedEnvironmentUpdatedBefore)
    .orderBy('updated_at').limit(limit)).returning('id'))
  const result = await engine.batch([authorizations, environments])
  return { authorizations: result.rowsOf(authorizations).length, environments: result.rowsOf(environments).length }
}

/** Compare and swap: false where the credential is not what the caller believes. */
export async function rotateAuthorization(engine: Engine, id: string, expected: string, replacement: string, now: number): Promise<boolean> {
  const statement = compile(query.updateTable('connect_authorizations').set({ credential_ciphertext: replacement, updated_at: now })
    .where('id', '=', id).where('credential_ciphertext', '=', expected).returning('id'))
  return (await engine.batch([statement])).rowsOf(statement).length > 0
}

/** Compare and swap: false where the credential is not what the caller believes. */
export async function rotateEnvironment(engine: Engine, id: string, credential: 'access' | 'tunnel', expected: string, replacement: string, now: number): Promise<boolean> {
  const column = credential === 'access' ? 'access_credential_ciphertext' as const : 'tunnel_secret_ciphertext' as const
  const statement = compile(query.updateTable('connect_environments').set({ [column]: replacement, updated_at: now })
    .where('id', '=', id).where(column, '=', expected).returning('id'))
  return (await engine.batch([statement])).rowsOf(statement).length > 0
}
