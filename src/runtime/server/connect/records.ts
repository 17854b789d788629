import { compile, query } from '../database/builder'
import type { Engine, Plan, Reading } from '../engine/engine'
import { countChanged, prepared } from '../engine/engine'
import type { ConnectEnvironmentRecord, ConnectScope } from '../host/connect-contract'
import { changeEnvironment, endAuthorizationOf, findEnvironment } from './sql'
import { isInScope, MAX_PURGE, toEnvironment, toRevoked } from './state'

/* Written out, not built: a bound status would keep SQLite from its partial indexes. */
const deleteEnded = prepared<{ id: string }>(`
  DELETE FROM connect_authorizations WHERE id IN (
    SELECT id FROM connect_authorizations
    WHERE status IN ('denied', 'consumed', 'expired') AND updated_at < ? ORDER BY updated_at LIMIT ?)
  RETURNING id`)
const deleteLeft = prepared<{ id: string }>(`
  DELETE FROM connect_authorizations WHERE id IN (
    SELECT id FROM connect_authorizations
    WHERE status IN ('pending', 'approved', 'delivering') AND expires_at < ? AND updated_at < ? ORDER BY expires_at LIMIT ?)
  RETURNING id`)
const deleteRevoked = prepared<{ id: string }>(`
  DELETE FROM connect_environments WHERE id IN (
    SELECT id FROM connect_environments WHERE status = 'revoked' AND updated_at < ? ORDER BY updated_at LIMIT ?)
  RETURNING id`)
/* A computer that has its credential does not ask again, so that nobody else would take it out of the file. */
const endDelivered = prepared<{ id: string }>(`
  UPDATE connect_authorizations SET status = 'consumed', credential_ciphertext = NULL, updated_at = ?
  WHERE id IN (SELECT id FROM connect_authorizations WHERE status = 'delivering' AND redeliver_until < ? LIMIT ?)
  RETURNING id`)
/* The second condition on the status says nothing new; it is what the partial index is known by. */
const endLapsed = prepared<{ id: string }>(`
  UPDATE connect_authorizations SET status = 'expired', credential_ciphertext = NULL, updated_at = ?
  WHERE id IN (SELECT id FROM connect_authorizations WHERE status = 'approved' AND status IN ('pending', 'approved', 'delivering') AND expires_at <= ? LIMIT ?)
  RETURNING id`)

/** Takes credentials out of the file whose time to be delivered is over. Returns their number. `nowMs`: milliseconds. */
export async function wipeCredentials(engine: Engine, nowMs: number, limit = 500): Promise<number> {
  const [delivered, lapsed] = [endDelivered(nowMs, nowMs, limit), endLapsed(nowMs, nowMs, limit)]
  const result = await engine.batch([delivered, lapsed])
  return result.rowsOf(delivered).length + result.rowsOf(lapsed).length
}

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
  const ended = deleteEnded(before, limit)
  const left = deleteLeft(before, before, limit)
  const environments = deleteRevoked(revokedEnvironmentUpdatedBefore, limit)
  const result = await engine.batch([ended, left, environments])
  return {
    authorizations: result.rowsOf(ended).length + result.rowsOf(left).length,
    environments: result.rowsOf(environments).length,
  }
}

/** Compare and swap: false where the credential is not what the caller believes. */
export async function rotateAuthorization(engine: Engine, id: string, expected: string, replacement: string, now: number): Promise<boolean> {
  return await countChanged(engine, compile(query.updateTable('connect_authorizations').set({ credential_ciphertext: replacement, updated_at: now })
    .where('id', '=', id).where('credential_ciphertext', '=', expected).returning('id'))) > 0
}

/** Compare and swap: false where the credential is not what the caller believes. */
export async function rotateEnvironment(engine: Engine, id: string, credential: 'access' | 'tunnel', expected: string, replacement: string, now: number): Promise<boolean> {
  const column = credential === 'access' ? 'access_credential_ciphertext' as const : 'tunnel_secret_ciphertext' as const
  return await countChanged(engine, compile(query.updateTable('connect_environments').set({ [column]: replacement, updated_at: now })
    .where('id', '=', id).where(column, '=', expected).returning('id'))) > 0
}
