import { compile, query } from '../database/builder'
import type { ConnectAuthorizationsTable, ConnectEnvironmentsTable } from '../database/schema'
import type { Reading, Statement } from '../engine/engine'
import { ask } from '../engine/engine'

/** The statements of this room that several steps of a pairing share. */

export function changeAuthorization(id: string, change: Partial<ConnectAuthorizationsTable>, now: number): Statement {
  return compile(query.updateTable('connect_authorizations').set({ ...change, updated_at: now }).where('id', '=', id))
}

export function changeEnvironment(id: string, change: Partial<ConnectEnvironmentsTable>, now: number): Statement {
  return compile(query.updateTable('connect_environments').set({ ...change, updated_at: now }).where('id', '=', id))
}

/** Ends what the computer of an environment may still be waiting for, in whatever state it is. */
export function endAuthorizationOf(environment: Pick<ConnectEnvironmentsTable, 'id'>, now: number): Statement {
  return compile(query.updateTable('connect_authorizations')
    .set({ status: 'expired', credential_ciphertext: null, updated_at: now })
    .where('environment_id', '=', environment.id)
    .where('status', 'not in', ['denied', 'consumed', 'expired']))
}

export function* findAuthorization(id: string): Reading<ConnectAuthorizationsTable | undefined> {
  return (yield* ask(compile(query.selectFrom('connect_authorizations').selectAll().where('id', '=', id))))[0]
}

export function* findEnvironment(id: string): Reading<ConnectEnvironmentsTable | undefined> {
  return (yield* ask(compile(query.selectFrom('connect_environments').selectAll().where('id', '=', id))))[0]
}
