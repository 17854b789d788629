import type { Engine } from '../engine/engine'
import type { ConnectStore, ConnectStoreErrorClass } from '../host/connect-contract'
import { answer, refusal } from '../host/errors'
import * as authorizations from './authorizations'
import * as lifecycle from './lifecycle'
import * as records from './records'

export interface ConnectStoreOptions {
  readonly engine: Engine
  /** The host's own class: its routes tell the errors apart by `instanceof`. */
  readonly ConnectStoreError: ConnectStoreErrorClass
}

/** The host's store of paired computers (contract §2.4). All times are milliseconds and come from the caller. */
export function createConnectStore({ engine, ConnectStoreError }: ConnectStoreOptions): ConnectStore {
  const reply = <Result>(work: Promise<Result>) => answer(work, error =>
    error instanceof authorizations.ConnectRefusedError ? new ConnectStoreError(error.code, error.message) : error)
  return {
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
      reply(lifecycle.recordFailure(engine, { id, status, claimToken }, String(message), nextAttemptAt, now)),

    getEnvironmentByControlTokenHash: async (hash, scope) => reply(records.findByControlToken(engine, hash, scope)),
    listEnvironments: async scope => reply(records.listEnvironments(engine, scope)),
    revokeEnvironment: async (id, scope, now) => reply(records.revokeEnvironment(engine, id, scope, now)),
    async purgeConnectRecords(input) {
      demandPositive('batchSize', input.batchSize)
      return reply(records.purge(engine, input))
    },
    rotateAuthorizationCredential: async (id, expected, replacement, now) => reply(records.rotateAuthorization(engine, id, expected, replacement, now)),
    rotateEnvironmentCredential: async (id, credential, expected, replacement, now) => reply(records.rotateEnvironment(engine, id, credential, expected, replacement, now)),
  }
}

function demandPositive(field: string, value: unknown): void {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) throw refusal(400, `${field} must be a whole number above 0`)
}
