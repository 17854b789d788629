import type { ConnectEnvironmentsTable } from '../database/schema'
import type { Engine, Plan, Reading, Statement } from '../engine/engine'
import { ask, prepared } from '../engine/engine'
import type { ConnectEnvironmentRecord, RelayProgress, RevocationInput } from '../host/connect-contract'
import { ConnectRefusedError } from './authorizations'
import { changeAuthorization, changeEnvironment, endAuthorizationOf, findAuthorization, findEnvironment } from './sql'
import { isClaimed, isInScope, MAX_ERROR_LENGTH, TO_REVOKING, toEnvironment, toRevoked, UNCLAIMED } from './state'

/* Written out, not built: a bound status would keep SQLite from its partial indexes. */
const neverClaimed = prepared<ConnectEnvironmentsTable>(`
  SELECT * FROM connect_environments
  WHERE status = 'active' AND activation_deadline_at IS NOT NULL AND activation_deadline_at <= ? AND activation_claimed_at IS NULL
  ORDER BY activation_deadline_at, id LIMIT 1`)
const waitingLongest = prepared<ConnectEnvironmentsTable>(`
  SELECT * FROM connect_environments
  WHERE status IN ('provisioning', 'revoking') AND lifecycle_next_attempt_at <= ?
    AND (lifecycle_claim_token IS NULL OR lifecycle_claimed_until IS NULL OR lifecycle_claimed_until <= ?)
  ORDER BY lifecycle_next_attempt_at, created_at, id LIMIT 1`)

type Change = Partial<ConnectEnvironmentsTable>

/**
 * Gives a worker what is to be done next: first a computer that never came for its credential, which is
 * then revoked; else the environment that waits longest. One worker gets it, until `claimUntil`.
 */
export async function claimNext(engine: Engine, claimToken: string, now: number, claimUntil: number): Promise<ConnectEnvironmentRecord | null> {
  const claim = { lifecycle_claim_token: claimToken, lifecycle_claimed_until: claimUntil }
  return engine.write(function* (): Reading<Plan<ConnectEnvironmentRecord | null>> {
    const [late] = yield* ask(neverClaimed(now))
    if (late) {
      const change: Change = { ...TO_REVOKING, ...claim, lifecycle_error: 'Activation deadline expired.' }
      return { writes: [changeEnvironment(late.id, change, now), endAuthorizationOf(late, now)], result: toEnvironment({ ...late, ...change }) }
    }
    const [due] = yield* ask(waitingLongest(now, now))
    if (!due) return { writes: [], result: null }
    return { writes: [changeEnvironment(due.id, claim, now)], result: toEnvironment({ ...due, ...claim }) }
  })
}

/** Notes what the relay has given so far; what is undefined stays. False if the claim or the status is gone. */
export async function saveProgress(engine: Engine, held: Held, progress: RelayProgress, now: number): Promise<boolean> {
  const { hostname, tunnelId, dnsRecordId, relayAuthenticator } = progress
  const change: Change = {
    ...hostname === undefined ? {} : { hostname },
    ...tunnelId === undefined ? {} : { tunnel_id: tunnelId },
    ...dnsRecordId === undefined ? {} : { dns_record_id: dnsRecordId },
    ...relayAuthenticator === undefined ? {} : { relay_authenticator: relayAuthenticator },
  }
  return whileHeld(engine, held, () => [changeEnvironment(held.id, change, now)])
}

/**
 * The relay stands: the computer may come for its credential, until the activation deadline. False if the
 * claim is gone or something is missing. Throws ConnectRefusedError if the pairing ended meanwhile.
 */
export async function completeProvisioning(engine: Engine, id: string, claimToken: string, credentialCiphertext: string, now: number): Promise<boolean> {
  return engine.write(function* (): Reading<Plan<boolean>> {
    const row = yield* findHeld({ id, status: 'provisioning', claimToken })
    if (!row || row.authorization_id === null || [row.hostname, row.tunnel_id, row.dns_record_id].includes('')) return { writes: [], result: false }
    const authorization = yield* findAuthorization(row.authorization_id)
    if (authorization?.status !== 'provisioning') throw new ConnectRefusedError('conflict', 'This connection request was already handled.')
    return {
      writes: [
        changeAuthorization(authorization.id, { status: 'approved', credential_ciphertext: credentialCiphertext }, now),
        changeEnvironment(id, { ...UNCLAIMED, status: 'active', tunnel_secret_ciphertext: null, lifecycle_next_attempt_at: 0, lifecycle_error: null }, now),
      ],
      result: true,
    }
  })
}

/** The relay took too long: the environment goes the way out, still held by the same worker. Null if the claim is gone. */
export async function abandonProvisioning(engine: Engine, id: string, claimToken: string, now: number): Promise<ConnectEnvironmentRecord | null> {
  return engine.write(function* (): Reading<Plan<ConnectEnvironmentRecord | null>> {
    const row = yield* findHeld({ id, status: 'provisioning', claimToken })
    if (!row) return { writes: [], result: null }
    const change: Change = { ...TO_REVOKING, lifecycle_error: 'Provisioning deadline expired.' }
    return { writes: [changeEnvironment(id, change, now), endAuthorizationOf(row, now)], result: toEnvironment({ ...row, ...change }) }
  })
}

/**
 * Takes a computer's access away at once and claims the work that is left. Null outside the scope and for
 * an environment that is not there yet; not claimed where it is revoked already or another worker is at it.
 */
export async function beginRevocation(engine: Engine, input: RevocationInput): Promise<{ claimed: boolean, environment: ConnectEnvironmentRecord } | null> {
  const { environmentId, scope, claimToken, claimUntil, now } = input
  type Result = Awaited<ReturnType<typeof beginRevocation>>
  return engine.write(function* (): Reading<Plan<Result>> {
    const row = yield* findEnvironment(environmentId)
    if (!row || !isInScope(row, scope) || row.status === 'provisioning') return { writes: [], result: null }
    const foreign = row.status === 'revoking' && isClaimed(row, now) && row.lifecycle_claim_token !== claimToken
    if (row.status === 'revoked' || foreign) return { writes: [], result: { claimed: false, environment: toEnvironment(row) } }
    const change: Change = { ...TO_REVOKING, lifecycle_claim_token: claimToken, lifecycle_claimed_until: claimUntil }
    return {
      writes: [changeEnvironment(row.id, change, now), endAuthorizationOf(row, now)],
      result: { claimed: true, environment: toEnvironment({ ...row, ...change }) },
    }
  })
}

/** The relay has forgotten the computer. False if the claim or the status is gone. */
export async function completeRevocation(engine: Engine, id: string, claimToken: string, now: number): Promise<boolean> {
  return whileHeld(engine, { id, status: 'revoking', claimToken }, () => [changeEnvironment(id, toRevoked(now), now)])
}

/** The step failed and is tried again later. False if the claim or the status is gone, which changes nothing (trap C3). */
export async function recordFailure(engine: Engine, held: Held, message: string, nextAttemptAt: number, now: number): Promise<boolean> {
  return whileHeld(engine, held, row => [changeEnvironment(held.id, {
    ...UNCLAIMED,
    lifecycle_attempts: row.lifecycle_attempts + 1,
    lifecycle_next_attempt_at: nextAttemptAt,
    lifecycle_error: message.slice(0, MAX_ERROR_LENGTH),
  }, now)])
}

/** What a worker holds. */
export interface Held {
  readonly id: string
  readonly status: 'provisioning' | 'revoking'
  readonly claimToken: string
}

async function whileHeld(engine: Engine, held: Held, writes: (row: ConnectEnvironmentsTable) => Statement[]): Promise<boolean> {
  return engine.write(function* (): Reading<Plan<boolean>> {
    const row = yield* findHeld(held)
    return row ? { writes: writes(row), result: true } : { writes: [], result: false }
  })
}

function* findHeld({ id, status, claimToken }: Held): Reading<ConnectEnvironmentsTable | undefined> {
  const row = yield* findEnvironment(id)
  return row?.status === status && row.lifecycle_claim_token === claimToken ? row : undefined
}
