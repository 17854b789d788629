import { randomUUID } from 'node:crypto'
import { compile, query } from '../database/builder'
import type { ConnectAuthorizationsTable, ConnectEnvironmentsTable } from '../database/schema'
import type { Engine, Plan, Reading } from '../engine/engine'
import { ask } from '../engine/engine'
import type { ApproveInput, ConnectAuthorizationRecord, ConnectEnvironmentRecord, ConnectErrorCode, EnvironmentDescription, LimitPolicy, ReserveInput, StoredConnectHost } from '../host/connect-contract'
import { changeAuthorization, changeEnvironment, findAuthorization, findEnvironment } from './sql'
import { isFindable, isOpen, poll, toAuthorization, toEnvironment } from './state'

/** Why a step of a pairing was refused; the store throws the host's own error for it. */
export class ConnectRefusedError extends Error {
  override readonly name = 'ConnectRefusedError'

  constructor(readonly code: ConnectErrorCode, message: string) {
    super(message)
  }
}

/** Begins a pairing. Throws {@link ConnectRefusedError} `conflict` while another open one shows the same code. */
export async function createAuthorization(engine: Engine, input: { deviceCodeHash: string, userCodeHash: string, host: StoredConnectHost, expiresAt: number, now: number }): Promise<void> {
  const { deviceCodeHash, userCodeHash, host, expiresAt, now } = input
  const id = randomUUID()
  return engine.write(function* (): Reading<Plan<void>> {
    const taken = yield* ask(compile(query.selectFrom('connect_authorizations').select('id').where(({ or, and, eb }) => or([
      eb('device_code_hash', '=', deviceCodeHash),
      and([eb('user_code_hash', '=', userCodeHash), eb('status', '=', 'pending'), eb('expires_at', '>', now)]),
    ])).limit(1)))
    if (taken.length > 0) throw new ConnectRefusedError('conflict', 'Pairing code collision. Generate another code.')
    return {
      writes: [compile(query.insertInto('connect_authorizations').values({
        id, device_code_hash: deviceCodeHash, user_code_hash: userCodeHash, status: 'pending', host_json: JSON.stringify(host),
        approved_user_id: null, approved_workspace_id: null, environment_id: null, credential_ciphertext: null,
        redeliver_until: null, expires_at: expiresAt, created_at: now, updated_at: now,
      }))],
      result: undefined,
    }
  })
}

/** The computer asks how its pairing stands; asking delivers, ends and claims (state.ts). */
export async function pollByDevice(engine: Engine, deviceCodeHash: string, now: number, windowMs: number): Promise<ConnectAuthorizationRecord | null> {
  return engine.write(function* (): Reading<Plan<ConnectAuthorizationRecord | null>> {
    const [row] = yield* ask(compile(query.selectFrom('connect_authorizations').selectAll().where('device_code_hash', '=', deviceCodeHash)))
    if (!row) return { writes: [], result: null }
    const { change, status, delivers } = poll(row, now, windowMs)
    const environment = delivers && row.environment_id !== null ? yield* findEnvironment(row.environment_id) : undefined
    const claims = environment?.status === 'active' && environment.activation_claimed_at === null
    return {
      writes: [
        ...Object.keys(change).length === 0 ? [] : [changeAuthorization(row.id, change, now)],
        ...environment && claims ? [changeEnvironment(environment.id, { activation_claimed_at: now, activation_deadline_at: null }, now)] : [],
      ],
      result: toAuthorization({ ...row, ...change, status }),
    }
  })
}

/** The newest pairing that shows a code, or null where there is nothing left to say about it. */
export async function findByUserCode(engine: Engine, userCodeHash: string, now: number): Promise<ConnectAuthorizationRecord | null> {
  const [row] = await engine.all(compile(query.selectFrom('connect_authorizations').selectAll()
    .where('user_code_hash', '=', userCodeHash).orderBy('created_at', 'desc').orderBy('id').limit(1)))
  return row && isFindable(row, now) ? toAuthorization(row) : null
}

/** Says no to an open pairing; false where it is not open. */
export async function denyAuthorization(engine: Engine, id: string, now: number): Promise<boolean> {
  return engine.write(function* (): Reading<Plan<boolean>> {
    const row = yield* findAuthorization(id)
    if (!row || !isOpen(row, now)) return { writes: [], result: false }
    return { writes: [changeAuthorization(id, { status: 'denied' }, now)], result: true }
  })
}

/** Yes in one step, for hosts that set up the relay first. Throws {@link ConnectRefusedError}. */
export async function approveAuthorization(engine: Engine, input: ApproveInput): Promise<{ environment_id: string }> {
  const { authorizationId, userId, workspaceId, environment, credentialCiphertext, limitPolicy, now } = input
  const id = environment.id ?? randomUUID()
  return engine.write(function* (): Reading<Plan<{ environment_id: string }>> {
    yield* requireOpen(authorizationId, now)
    yield* requireRoom(input, limitPolicy, ['active'])
    return {
      writes: [
        compile(query.insertInto('connect_environments').values({
          ...describe(environment, { id, userId, workspaceId, authorizationId, now }),
          status: 'active', hostname: environment.hostname, tunnel_id: environment.tunnel_id, dns_record_id: environment.dns_record_id,
        })),
        changeAuthorization(authorizationId, {
          status: 'approved', approved_user_id: userId, approved_workspace_id: workspaceId, environment_id: id, credential_ciphertext: credentialCiphertext,
        }, now),
      ],
      result: { environment_id: id },
    }
  })
}

/** Yes, and a place for the computer that a worker will set up. Throws {@link ConnectRefusedError}. */
export async function reserveAuthorization(engine: Engine, input: ReserveInput): Promise<ConnectEnvironmentRecord> {
  const { authorizationId, userId, workspaceId, environment, limitPolicy, now } = input
  const id = environment.id ?? randomUUID()
  return engine.write(function* (): Reading<Plan<ConnectEnvironmentRecord>> {
    const authorization = yield* requireOpen(authorizationId, now)
    yield* requireRoom(input, limitPolicy, ['provisioning', 'active', 'revoking'])
    const row: ConnectEnvironmentsTable = {
      ...describe(environment, { id, userId, workspaceId, authorizationId, now }),
      lifecycle_claim_token: input.claimToken,
      lifecycle_claimed_until: input.claimUntil,
      provisioning_deadline_at: input.provisioningDeadlineAt,
      activation_deadline_at: input.activationDeadlineAt,
    }
    return {
      writes: [
        compile(query.insertInto('connect_environments').values(row)),
        changeAuthorization(authorizationId, {
          status: 'provisioning', approved_user_id: userId, approved_workspace_id: workspaceId, environment_id: id,
          expires_at: Math.max(authorization.expires_at, input.authorizationExpiresAt),
        }, now),
      ],
      result: toEnvironment(row),
    }
  })
}

function* requireOpen(id: string, now: number): Reading<ConnectAuthorizationsTable> {
  const row = yield* findAuthorization(id)
  if (!row || !isOpen(row, now)) throw new ConnectRefusedError('authorization_unavailable', 'This connection request is no longer available.')
  return row
}

/** Counted in the transaction that takes the place, so that two at once cannot overrun it (hazard F16). */
function* requireRoom({ userId, workspaceId }: { userId: string, workspaceId: string }, policy: LimitPolicy, counted: ConnectEnvironmentsTable['status'][]): Reading<void> {
  const ofUser = query.selectFrom('connect_environments').select(({ fn }) => fn.countAll<number>().as('n'))
    .where('user_id', '=', userId).where('status', 'in', counted)
  const [row] = yield* ask(compile(policy.scope === 'workspace' ? ofUser.where('workspace_id', '=', workspaceId) : ofUser))
  if ((row?.n ?? 0) >= policy.maxActiveEnvironments) {
    throw new ConnectRefusedError('environment_limit_reached', `This ${policy.scope} already has ${policy.maxActiveEnvironments} connected computers.`)
  }
}

function describe(environment: EnvironmentDescription, place: { id: string, userId: string, workspaceId: string, authorizationId: string, now: number }): ConnectEnvironmentsTable {
  return {
    id: place.id,
    user_id: place.userId,
    workspace_id: place.workspaceId,
    status: 'provisioning',
    name: environment.name,
    platform: environment.platform ?? null,
    architecture: environment.architecture ?? null,
    driver: environment.driver ?? null,
    runtime: environment.runtime ?? null,
    base_path: environment.base_path ?? null,
    host_id: environment.host_id ?? null,
    signing_public_key: environment.signing_public_key ?? null,
    noise_public_key: environment.noise_public_key ?? null,
    hostname: '',
    tunnel_id: '',
    dns_record_id: '',
    relay_authenticator: environment.relay_authenticator ?? null,
    control_token_hash: environment.control_token_hash ?? null,
    access_credential_ciphertext: environment.access_credential_ciphertext,
    tunnel_secret_ciphertext: environment.tunnel_secret_ciphertext ?? null,
    authorization_id: place.authorizationId,
    lifecycle_attempts: 0,
    lifecycle_next_attempt_at: 0,
    lifecycle_claim_token: null,
    lifecycle_claimed_until: null,
    provisioning_deadline_at: null,
    activation_deadline_at: null,
    activation_claimed_at: null,
    lifecycle_error: null,
    created_at: place.now,
    updated_at: place.now,
    revoked_at: null,
  }
}
