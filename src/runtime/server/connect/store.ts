import type { Engine } from '../engine/engine'
import type { ConnectStore, ConnectStoreErrorClass } from '../host/connect-contract'
import { answer, refusal } from '../host/errors'
import { anything, fields, json, measure, prose, text, whole, withShapes } from '../host/shapes'
import { cleanText } from '../input'
import * as authorizations from './authorizations'
import * as lifecycle from './lifecycle'
import * as records from './records'

const SCOPE = fields({ userId: text, workspaceId: text })
const ENVIRONMENT = fields({
  name: text, access_credential_ciphertext: text,
  ...Object.fromEntries([
    'id', 'platform', 'architecture', 'driver', 'runtime', 'base_path', 'host_id', 'signing_public_key', 'noise_public_key', 'control_token_hash',
    'relay_authenticator', 'tunnel_secret_ciphertext', 'hostname', 'tunnel_id', 'dns_record_id',
  ].map(name => [name, text.nullish()])),
})
const PAIRING = { authorizationId: text, userId: text, workspaceId: text, environment: ENVIRONMENT, limitPolicy: fields({ scope: text, maxActiveEnvironments: measure }), now: whole }
const PROGRESS = fields(Object.fromEntries(['hostname', 'tunnelId', 'dnsRecordId', 'relayAuthenticator'].map(name => [name, text.nullish()])))
const CLAIMED = { id: text, claimToken: text, now: whole }
const SHAPES = {
  createAuthorization: { input: fields({ deviceCodeHash: text, userCodeHash: text, host: json, expiresAt: whole, now: whole }) },
  getAuthorizationByDeviceHash: { deviceCodeHash: text, now: whole, redeliveryWindowMs: anything },
  getAuthorizationByUserHash: { userCodeHash: text, now: whole },
  approveAuthorization: { input: fields({ ...PAIRING, credentialCiphertext: text }) },
  reserveAuthorization: {
    input: fields({ ...PAIRING, claimToken: text, claimUntil: whole, provisioningDeadlineAt: whole, activationDeadlineAt: whole, authorizationExpiresAt: whole }),
  },
  denyAuthorization: { id: text, now: whole },
  claimNextEnvironmentLifecycle: { claimToken: text, now: whole, claimUntil: whole },
  saveEnvironmentRelayProgress: { id: text, expectedStatus: text, claimToken: text, progress: PROGRESS, now: whole },
  completeEnvironmentProvisioning: { id: text, claimToken: text, credentialCiphertext: text, now: whole },
  beginEnvironmentRevocation: { input: fields({ environmentId: text, scope: SCOPE, claimToken: text, claimUntil: whole, now: whole }) },
  abandonEnvironmentProvisioning: CLAIMED,
  completeEnvironmentRevocation: CLAIMED,
  recordEnvironmentLifecycleFailure: { id: text, expectedStatus: text, claimToken: text, message: prose, nextAttemptAt: whole, now: whole },
  getEnvironmentByControlTokenHash: { hash: text, scope: SCOPE },
  listEnvironments: { scope: SCOPE },
  revokeEnvironment: { id: text, scope: SCOPE, now: whole },
  purgeConnectRecords: { input: fields({ authorizationUpdatedBefore: whole, revokedEnvironmentUpdatedBefore: whole }) },
  rotateAuthorizationCredential: { id: text, expectedCiphertext: text, replacement: text, now: whole },
  rotateEnvironmentCredential: { id: text, credential: text, expected: text, replacement: text, now: whole },
}

export interface ConnectStoreOptions {
  readonly engine: Engine
  /** The host's own class: its routes tell the errors apart by `instanceof`. */
  readonly ConnectStoreError: ConnectStoreErrorClass
}

/** The host's store of paired computers (contract §2.4). All times are milliseconds and come from the caller. */
export function createConnectStore({ engine, ConnectStoreError }: ConnectStoreOptions): ConnectStore {
  const reply = <Result>(work: Promise<Result>) => answer(work, error =>
    error instanceof authorizations.ConnectRefusedError ? new ConnectStoreError(error.code, error.message) : error)
  return withShapes<ConnectStore>({
    createAuthorization: async input => reply(authorizations.createAuthorization(engine, input)),
    async getAuthorizationByDeviceHash(deviceCodeHash, now, redeliveryWindowMs) {
      demandPositive('redeliveryWindowMs', redeliveryWindowMs)
      return reply(authorizations.pollByDevice(engine, deviceCodeHash, now, redeliveryWindowMs))
    },
    getAuthorizationByUserHash: async (userCodeHash, now) => reply(authorizations.findByUserCode(engine, userCodeHash, now)),
    approveAuthorization: async input => reply(authorizations.approveAuthorization(engine, input)),
    reserveAuthorization: async input => reply(authorizations.reserveAuthorization(engine, input)),
    denyAuthorization: async (id, now) => reply(authorizations.denyAuthorization(engine, id, now)),

    claimNextEnvironmentLifecycle: async (claimToken, now, claimUntil) => reply(lifecycle.claimNext(engine, claimToken, now, claimUntil)),
    saveEnvironmentRelayProgress: async (id, status, claimToken, progress, now) => reply(lifecycle.saveProgress(engine, { id, status, claimToken }, progress, now)),
    completeEnvironmentProvisioning: async (id, claimToken, ciphertext, now) => reply(lifecycle.completeProvisioning(engine, id, claimToken, ciphertext, now)),
    beginEnvironmentRevocation: async input => reply(lifecycle.beginRevocation(engine, input)),
    abandonEnvironmentProvisioning: async (id, claimToken, now) => reply(lifecycle.abandonProvisioning(engine, id, claimToken, now)),
    completeEnvironmentRevocation: async (id, claimToken, now) => reply(lifecycle.completeRevocation(engine, id, claimToken, now)),
    recordEnvironmentLifecycleFailure: async (id, status, claimToken, message, nextAttemptAt, now) =>
      reply(lifecycle.recordFailure(engine, { id, status, claimToken }, cleanText(message), nextAttemptAt, now)),

    getEnvironmentByControlTokenHash: async (hash, scope) => reply(records.findByControlToken(engine, hash, scope)),
    listEnvironments: async scope => reply(records.listEnvironments(engine, scope)),
    revokeEnvironment: async (id, scope, now) => reply(records.revokeEnvironment(engine, id, scope, now)),
    async purgeConnectRecords(input) {
      demandPositive('batchSize', input.batchSize)
      return reply(records.purge(engine, input))
    },
    rotateAuthorizationCredential: async (id, expected, replacement, now) => reply(records.rotateAuthorization(engine, id, expected, replacement, now)),
    rotateEnvironmentCredential: async (id, credential, expected, replacement, now) => reply(records.rotateEnvironment(engine, id, credential, expected, replacement, now)),
  }, SHAPES)
}

function demandPositive(field: string, value: unknown): void {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) throw refusal(400, `${field} must be a whole number above 0`)
}
