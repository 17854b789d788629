import { describe, expect, it } from 'vitest'
import type { ConnectErrorCode, ReserveInput } from '../../src/runtime/server/host/connect-contract'
import { openTestProvider } from '../support/provider'
import { count, select } from '../support/sql'

/** The host's class, which its routes know by `instanceof`. */
class HostConnectError extends Error {
  constructor(readonly code: ConnectErrorCode, message: string) {
    super(message)
  }
}

const WINDOW = 60_000
const scope = { userId: 'ada', workspaceId: 'ws-1' }
const host = { name: 'laptop', platform: 'linux', architecture: 'x64', future_field: ['kept'] }
const policy = { scope: 'account' as const, maxActiveEnvironments: 2 }
const T = 1_000_000

async function withStore() {
  const provider = await openTestProvider({ host: { snapshots: true, ConnectStoreError: HostConnectError } })
  const store = provider.connectStore
  let codes = 0
  /** A pairing that is waiting for a yes or a no. */
  const pair = async (now = T, expiresAt = now + 600_000) => {
    codes += 1
    const [device, userCode] = [`device-${codes}`, `user-${codes}`]
    await store.createAuthorization({ deviceCodeHash: device, userCodeHash: userCode, host, expiresAt, now })
    const found = await store.getAuthorizationByUserHash(userCode, now)
    return { device, userCode, id: found?._id ?? '' }
  }
  const reserve = (authorizationId: string, extra: Partial<ReserveInput> = {}) => store.reserveAuthorization({
    authorizationId, ...scope, environment: { name: 'laptop', platform: 'linux', control_token_hash: `control-${authorizationId}`, access_credential_ciphertext: 'access', tunnel_secret_ciphertext: 'tunnel' },
    limitPolicy: policy, claimToken: 'w1', claimUntil: T + 120_000, provisioningDeadlineAt: T + 900_000, activationDeadlineAt: T + 1_800_000, authorizationExpiresAt: T + 1_800_000, now: T, ...extra,
  })
  /** A computer that is set up and whose credential waits for it. */
  const activate = async (extra: Partial<ReserveInput> = {}) => {
    const pairing = await pair()
    const environment = await reserve(pairing.id, extra)
    await store.saveEnvironmentRelayProgress(environment.id, 'provisioning', 'w1', { hostname: 'h.test', tunnelId: 'tun', dnsRecordId: 'dns', relayAuthenticator: 'auth' }, T)
    expect(await store.completeEnvironmentProvisioning(environment.id, 'w1', 'credential', T)).toBe(true)
    return { ...pairing, environmentId: environment.id }
  }
  const statusOf = async (id: string) => (await select<{ status: string }>(provider.engine, 'SELECT status FROM connect_environments WHERE id = ?', id))[0]?.status
  const begin = (environmentId: string, extra: object = {}) => store.beginEnvironmentRevocation({ environmentId, scope, claimToken: 'r1', claimUntil: T + 120_000, now: T, ...extra })
  return { ...provider, store, pair, reserve, activate, statusOf, begin }
}

const unavailable = { code: 'authorization_unavailable', message: 'This connection request is no longer available.' }

describe('a pairing', () => {
  it('is kept as it was described, and told by either code', async () => {
    const { store, pair } = await withStore()
    const { device, userCode, id } = await pair()
    const record = { _id: id, status: 'pending', host, expires_at: T + 600_000 }
    expect(await store.getAuthorizationByDeviceHash(device, T, WINDOW)).toEqual(record)
    expect(await store.getAuthorizationByUserHash(userCode, T)).toEqual(record)
    expect(await store.getAuthorizationByDeviceHash('nope', T, WINDOW)).toBeNull()
    expect(await store.getAuthorizationByUserHash('nope', T)).toBeNull()
  })

  it('shows no code that another open one shows', async () => {
    const { store, pair } = await withStore()
    const { userCode, id } = await pair()
    const again = (deviceCodeHash: string, now = T) => store.createAuthorization({ deviceCodeHash, userCodeHash: userCode, host, expiresAt: now + 1000, now })
    const refused = again('other')
    await expect(refused).rejects.toBeInstanceOf(HostConnectError)
    await expect(refused).rejects.toMatchObject({ code: 'conflict', message: 'Pairing code collision. Generate another code.' })
    expect(await store.denyAuthorization(id, T)).toBe(true)
    await again('other')
    await again('third', T + 1000)
    expect((await store.getAuthorizationByUserHash(userCode, T + 1001))?.expires_at, 'the newest').toBe(T + 2000)
    await expect(again('third', T + 5000)).rejects.toMatchObject({ code: 'conflict' })
    const racing = await Promise.allSettled(['r1', 'r2', 'r3'].map(device => store.createAuthorization({ deviceCodeHash: device, userCodeHash: 'same', host, expiresAt: T + 1, now: T })))
    expect(racing.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('ends at its time exactly', async () => {
    const { store, pair } = await withStore()
    const { device, userCode, id } = await pair(T, T + 100)
    expect(await store.getAuthorizationByDeviceHash(device, T + 99, WINDOW)).toMatchObject({ status: 'pending' })
    expect(await store.getAuthorizationByUserHash(userCode, T + 100)).toBeNull()
    expect(await store.denyAuthorization(id, T + 100)).toBe(false)
    expect(await store.getAuthorizationByDeviceHash(device, T + 100, WINDOW)).toMatchObject({ status: 'expired' })
    expect(await store.getAuthorizationByDeviceHash(device, T, WINDOW), 'and stays ended when the clock is set back').toMatchObject({ status: 'expired' })
  })

  it('is denied once, while it is open', async () => {
    const { store, pair, reserve } = await withStore()
    const { device, userCode, id } = await pair()
    expect([await store.denyAuthorization(id, T), await store.denyAuthorization(id, T), await store.denyAuthorization('nope', T)]).toEqual([true, false, false])
    expect(await store.getAuthorizationByDeviceHash(device, T, WINDOW)).toMatchObject({ status: 'denied' })
    expect(await store.getAuthorizationByUserHash(userCode, T)).toBeNull()
    await expect(reserve(id)).rejects.toMatchObject(unavailable)
  })

  it('delivers its credential, again within the window, and then never more', async () => {
    const { store, activate, engine } = await withStore()
    const { device, environmentId } = await activate()
    const ask = (now: number, window = WINDOW) => store.getAuthorizationByDeviceHash(device, now, window)
    expect(await ask(T)).toMatchObject({ status: 'approved', credential_ciphertext: 'credential', environment_id: environmentId, approved_user_id: 'ada', approved_workspace_id: 'ws-1' })
    expect((await store.listEnvironments(scope))[0]).toMatchObject({ activation_claimed_at: T })
    expect((await store.listEnvironments(scope))[0]).not.toHaveProperty('activation_deadline_at')
    expect(await ask(T + WINDOW)).toMatchObject({ status: 'approved', credential_ciphertext: 'credential' })
    const consumed = await ask(T + WINDOW + 1)
    expect(consumed).toMatchObject({ status: 'consumed' })
    expect(consumed).not.toHaveProperty('credential_ciphertext')
    expect(await ask(T)).toMatchObject({ status: 'consumed' })
    expect(await select(engine, 'SELECT credential_ciphertext FROM connect_authorizations')).toEqual([{ credential_ciphertext: null }])
    expect((await store.getAuthorizationByUserHash('user-1', T))?.status).toBe('consumed')
    for (const window of [0, -1, 1.5, Number.NaN]) await expect(ask(T, window)).rejects.toMatchObject({ statusCode: 400 })
  })

  it('caps the window at five minutes', async () => {
    const { store, activate } = await withStore()
    const { device } = await activate()
    await store.getAuthorizationByDeviceHash(device, T, 1e9)
    expect(await store.getAuthorizationByDeviceHash(device, T + 300_000, 1e9)).toMatchObject({ status: 'approved' })
    expect(await store.getAuthorizationByDeviceHash(device, T + 300_001, 1e9)).toMatchObject({ status: 'consumed' })
  })

  it('leaves no credential in the file, though the computer that has it never asks again', async () => {
    const { store, activate, engine, clock, tidy } = await withStore()
    const { device } = await activate()
    const unclaimed = await activate()
    await store.getAuthorizationByDeviceHash(device, T, WINDOW)
    clock.time = T + WINDOW
    await tidy()
    expect(await count(engine, 'connect_authorizations', 'credential_ciphertext IS NOT NULL')).toBe(2)
    clock.time = T + WINDOW + 1
    await tidy()
    expect(await count(engine, 'connect_authorizations', 'credential_ciphertext IS NOT NULL')).toBe(1)
    expect(await store.getAuthorizationByDeviceHash(device, T, WINDOW)).toMatchObject({ status: 'consumed' })
    clock.time = T + 1_800_000
    await tidy()
    expect(await count(engine, 'connect_authorizations', 'credential_ciphertext IS NOT NULL')).toBe(0)
    expect(await store.getAuthorizationByDeviceHash(unclaimed.device, T, WINDOW)).toMatchObject({ status: 'expired' })
  })

  it('that nobody came for in time gives its credential up', async () => {
    const { store, activate, engine } = await withStore()
    const { device } = await activate()
    expect(await store.getAuthorizationByDeviceHash(device, T + 1_800_000, WINDOW)).toMatchObject({ status: 'expired' })
    expect(await count(engine, 'connect_authorizations', 'credential_ciphertext IS NOT NULL')).toBe(0)
  })

  it('stays provisioning for its computer while a worker is at it, and findable by its code', async () => {
    const { store, pair, reserve } = await withStore()
    const { device, userCode, id } = await pair()
    await reserve(id)
    expect(await store.getAuthorizationByDeviceHash(device, T + 700_000, WINDOW)).toMatchObject({ status: 'provisioning', expires_at: T + 1_800_000 })
    expect(await store.getAuthorizationByUserHash(userCode, T + 700_000)).toMatchObject({ status: 'provisioning' })
  })
})

describe('a reservation', () => {
  it('takes the place, held by its worker', async () => {
    const { store, pair, reserve } = await withStore()
    const { id } = await pair()
    const environment = await reserve(id)
    expect(environment).toEqual({
      id: expect.any(String), user_id: 'ada', workspace_id: 'ws-1', name: 'laptop', platform: 'linux', hostname: '', tunnel_id: '', dns_record_id: '', control_token_hash: `control-${id}`,
      access_credential_ciphertext: 'access', tunnel_secret_ciphertext: 'tunnel', authorization_id: id, status: 'provisioning', lifecycle_attempts: 0, lifecycle_next_attempt_at: 0,
      lifecycle_claim_token: 'w1', lifecycle_claimed_until: T + 120_000, provisioning_deadline_at: T + 900_000, activation_deadline_at: T + 1_800_000,
    })
    expect(await store.listEnvironments(scope), 'not connected yet').toEqual([])
    await expect(reserve(id)).rejects.toMatchObject(unavailable)
    await expect(reserve('nope')).rejects.toMatchObject(unavailable)
    const lasting = await pair(T, T + 9_000_000)
    await reserve(lasting.id)
    expect((await store.getAuthorizationByDeviceHash(lasting.device, T, WINDOW))?.expires_at, 'never shortened').toBe(T + 9_000_000)
  })

  it('keeps to the limit of the account or the workspace, however many come at once (F16)', async () => {
    const { pair, reserve } = await withStore()
    const pairings = await Promise.all([1, 2, 3, 4].map(() => pair()))
    const results = await Promise.allSettled(pairings.map(({ id }) => reserve(id)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    const { id } = pairings[3] ?? { id: '' }
    await expect(reserve(id)).rejects.toMatchObject({ code: 'environment_limit_reached', message: 'This account already has 2 connected computers.' })
    await expect(reserve(id, { workspaceId: 'ws-2' })).rejects.toMatchObject({ code: 'environment_limit_reached' })
    const perWorkspace = { scope: 'workspace' as const, maxActiveEnvironments: 2 }
    await expect(reserve(id, { limitPolicy: perWorkspace })).rejects.toMatchObject({ message: 'This workspace already has 2 connected computers.' })
    await reserve(id, { workspaceId: 'ws-2', limitPolicy: perWorkspace })
  })

  it('is won by one of two who approve at once', async () => {
    const { pair, reserve, engine } = await withStore()
    const { id } = await pair()
    const results = await Promise.allSettled(['ada', 'bob'].map(userId => reserve(id, { userId })))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await count(engine, 'connect_environments')).toBe(1)
  })

  it('in one step counts connected computers only', async () => {
    const { store, pair, reserve } = await withStore()
    const approve = (authorizationId: string) => store.approveAuthorization({
      authorizationId, ...scope, environment: { name: 'pc', hostname: 'h', tunnel_id: 't', dns_record_id: 'd', control_token_hash: 'c', access_credential_ciphertext: 'a' },
      credentialCiphertext: 'credential', limitPolicy: { ...policy, maxActiveEnvironments: 1 }, now: T,
    })
    await reserve((await pair()).id)
    const { id, device } = await pair()
    const { environment_id } = await approve(id)
    expect(await store.listEnvironments(scope)).toMatchObject([{ id: environment_id, status: 'active', hostname: 'h' }])
    await expect(approve(id)).rejects.toMatchObject(unavailable)
    await expect(approve((await pair()).id)).rejects.toMatchObject({ code: 'environment_limit_reached', message: 'This account already has 1 connected computers.' })
    expect(await store.getAuthorizationByDeviceHash(device, T, WINDOW)).toMatchObject({ status: 'approved', credential_ciphertext: 'credential' })
  })
})

describe('provisioning', () => {
  it('takes the relay\'s answers as they come, from the worker that holds it', async () => {
    const { store, pair, reserve } = await withStore()
    const { id } = await reserve((await pair()).id)
    const save = (token: string, status: 'provisioning' | 'revoking' = 'provisioning') => store.saveEnvironmentRelayProgress(id, status, token, { tunnelId: 'tun' }, T)
    expect([await save('w2'), await save('w1', 'revoking'), await save('w1')]).toEqual([false, false, true])
    await store.saveEnvironmentRelayProgress(id, 'provisioning', 'w1', { hostname: 'h', tunnelId: '' }, T)
    expect(await store.completeEnvironmentProvisioning(id, 'w1', 'c', T), 'an empty text is a value').toBe(false)
    await store.saveEnvironmentRelayProgress(id, 'provisioning', 'w1', { tunnelId: 'tun', dnsRecordId: 'dns' }, T)
    expect(await store.completeEnvironmentProvisioning(id, 'w2', 'c', T)).toBe(false)
    expect(await store.completeEnvironmentProvisioning(id, 'w1', 'c', T)).toBe(true)
    expect(await store.completeEnvironmentProvisioning(id, 'w1', 'c', T)).toBe(false)
    const [active] = await store.listEnvironments(scope)
    expect(active).toMatchObject({ status: 'active', hostname: 'h', activation_deadline_at: T + 1_800_000, lifecycle_next_attempt_at: 0 })
    for (const gone of ['tunnel_secret_ciphertext', 'lifecycle_claim_token', 'lifecycle_claimed_until', 'lifecycle_error']) expect(active).not.toHaveProperty(gone)
  })

  it('cannot end well when its pairing has ended', async () => {
    const { store, pair, reserve, engine } = await withStore()
    const { id } = await reserve((await pair()).id)
    await store.saveEnvironmentRelayProgress(id, 'provisioning', 'w1', { hostname: 'h', tunnelId: 't', dnsRecordId: 'd' }, T)
    await engine.batch([{ sql: 'UPDATE connect_authorizations SET status = \'expired\'', parameters: [] }])
    await expect(store.completeEnvironmentProvisioning(id, 'w1', 'c', T)).rejects.toMatchObject({ code: 'conflict', message: 'This connection request was already handled.' })
    expect(await store.listEnvironments(scope)).toEqual([])
  })

  it('is given up by its worker and goes the way out, without a credential left', async () => {
    const { store, pair, reserve, statusOf } = await withStore()
    const pairing = await pair()
    const { id } = await reserve(pairing.id)
    expect(await store.abandonEnvironmentProvisioning(id, 'w2', T)).toBeNull()
    expect(await store.abandonEnvironmentProvisioning(id, 'w1', T)).toMatchObject({ status: 'revoking', lifecycle_claim_token: 'w1', access_credential_ciphertext: '', lifecycle_error: 'Provisioning deadline expired.' })
    expect(await store.abandonEnvironmentProvisioning(id, 'w1', T)).toBeNull()
    expect(await store.getAuthorizationByDeviceHash(pairing.device, T, WINDOW)).toMatchObject({ status: 'expired' })
    expect(await statusOf(id)).toBe('revoking')
  })

  it('that failed waits, is counted, and is released (C3)', async () => {
    const { store, pair, reserve } = await withStore()
    const { id } = await reserve((await pair()).id)
    const fail = (token: string) => store.recordEnvironmentLifecycleFailure(id, 'provisioning', token, 'x'.repeat(900), T + 5000, T)
    expect([await fail('w2'), await fail('w1'), await fail('w1')]).toEqual([false, true, false])
    expect(await store.claimNextEnvironmentLifecycle('w2', T + 4999, T + 9999)).toBeNull()
    const again = await store.claimNextEnvironmentLifecycle('w2', T + 5000, T + 9999)
    expect(again).toMatchObject({ id, lifecycle_attempts: 1, lifecycle_claim_token: 'w2' })
    expect(again?.lifecycle_error).toHaveLength(500)
  })
})

describe('the lifecycle queue', () => {
  it('gives each environment to one of two workers, when the claim before it is over', async () => {
    const { store, pair, reserve } = await withStore()
    const ids = [(await reserve((await pair()).id)).id, (await reserve((await pair()).id)).id]
    const claim = (worker: string, now: number) => store.claimNextEnvironmentLifecycle(worker, now, now + 1000)
    expect(await claim('a', T + 119_999)).toBeNull()
    const claimed = await Promise.all([claim('a', T + 120_000), claim('b', T + 120_000), claim('c', T + 120_000)])
    expect(claimed.map(found => found?.id).sort()).toEqual([...ids, undefined].sort())
    expect(new Set(claimed.map(found => found?.lifecycle_claim_token))).toEqual(new Set(['a', 'b', undefined]))
    expect((await claim('d', T + 121_000))?.lifecycle_claim_token).toBe('d')
    expect(await store.completeEnvironmentProvisioning(claimed[0]?.id ?? '', 'w1', 'c', T), 'the first worker has lost it').toBe(false)
  })

  it('takes back the place of a computer that never came, at its deadline', async () => {
    const { store, activate, engine } = await withStore()
    const { device, environmentId } = await activate()
    expect(await store.claimNextEnvironmentLifecycle('w2', T + 1_799_999, T + 2e6)).toBeNull()
    const late = await store.claimNextEnvironmentLifecycle('w2', T + 1_800_000, T + 2e6)
    expect(late).toMatchObject({ id: environmentId, status: 'revoking', access_credential_ciphertext: '', lifecycle_error: 'Activation deadline expired.', lifecycle_claim_token: 'w2', hostname: 'h.test', tunnel_id: 'tun' })
    expect(await store.getAuthorizationByDeviceHash(device, T, WINDOW)).toMatchObject({ status: 'expired' })
    expect(await count(engine, 'connect_authorizations', 'credential_ciphertext IS NOT NULL')).toBe(0)
  })

  it('leaves a computer that came where it is', async () => {
    const { store, activate } = await withStore()
    const { device } = await activate()
    await store.getAuthorizationByDeviceHash(device, T + 1000, WINDOW)
    expect(await store.claimNextEnvironmentLifecycle('w2', T + 1e9, T + 2e9)).toBeNull()
    expect(await store.listEnvironments(scope)).toHaveLength(1)
  })
})

describe('revocation', () => {
  it('takes access away at once and is finished by whoever claims it', async () => {
    const { store, activate, begin, statusOf, engine } = await withStore()
    const { device, environmentId } = await activate()
    const begun = await begin(environmentId)
    expect(begun).toMatchObject({ claimed: true, environment: { status: 'revoking', access_credential_ciphertext: '', lifecycle_claim_token: 'r1', tunnel_id: 'tun' } })
    expect(await store.listEnvironments(scope)).toEqual([])
    expect(await store.getAuthorizationByDeviceHash(device, T, WINDOW)).toMatchObject({ status: 'expired' })
    expect(await begin(environmentId, { claimToken: 'r2' }), 'somebody is at it').toMatchObject({ claimed: false, environment: { status: 'revoking' } })
    expect(await begin(environmentId)).toMatchObject({ claimed: true })
    expect(await begin(environmentId, { claimToken: 'r2', now: T + 120_000 })).toMatchObject({ claimed: true, environment: { lifecycle_claim_token: 'r2' } })
    expect(await store.completeEnvironmentRevocation(environmentId, 'r1', T)).toBe(false)
    expect(await store.completeEnvironmentRevocation(environmentId, 'r2', T + 7)).toBe(true)
    expect(await statusOf(environmentId)).toBe('revoked')
    expect(await select(engine, 'SELECT hostname, tunnel_id, dns_record_id, relay_authenticator, control_token_hash, access_credential_ciphertext, tunnel_secret_ciphertext, lifecycle_claim_token, revoked_at FROM connect_environments')).toEqual([{
      hostname: '', tunnel_id: '', dns_record_id: '', relay_authenticator: null, control_token_hash: null, access_credential_ciphertext: '', tunnel_secret_ciphertext: null, lifecycle_claim_token: null, revoked_at: T + 7,
    }])
    expect(await begin(environmentId)).toMatchObject({ claimed: false, environment: { status: 'revoked' } })
  })

  it('is nobody\'s but the owner\'s, and touches nothing for anybody else (C1)', async () => {
    const { store, activate, begin, statusOf } = await withStore()
    const { device, environmentId } = await activate()
    for (const stranger of [{ ...scope, userId: 'bob' }, { ...scope, workspaceId: 'ws-2' }]) {
      expect(await begin(environmentId, { scope: stranger })).toBeNull()
      expect(await store.revokeEnvironment(environmentId, stranger, T)).toBe(false)
      expect(await store.listEnvironments(stranger)).toEqual([])
    }
    expect(await statusOf(environmentId)).toBe('active')
    expect(await store.getAuthorizationByDeviceHash(device, T, WINDOW)).toMatchObject({ status: 'approved' })
    expect(await begin('nope')).toBeNull()
  })

  it('does not take an environment from under the worker that sets it up', async () => {
    const { pair, reserve, begin } = await withStore()
    const { id } = await reserve((await pair()).id)
    expect(await begin(id)).toBeNull()
  })

  it('without the relay ends at once', async () => {
    const { store, activate, statusOf } = await withStore()
    const { device, environmentId } = await activate()
    expect([await store.revokeEnvironment(environmentId, scope, T), await store.revokeEnvironment(environmentId, scope, T)]).toEqual([true, false])
    expect(await statusOf(environmentId)).toBe('revoked')
    expect(await store.getAuthorizationByDeviceHash(device, T, WINDOW)).toMatchObject({ status: 'expired' })
  })

  it('can be asked for by the computer itself, until it is done', async () => {
    const { store, activate, begin } = await withStore()
    const { id, environmentId } = await activate()
    const find = (where = scope) => store.getEnvironmentByControlTokenHash(`control-${id}`, where)
    expect(await find()).toMatchObject({ id: environmentId })
    for (const stranger of [{ ...scope, userId: 'bob' }, { ...scope, workspaceId: 'ws-2' }]) expect(await find(stranger)).toBeNull()
    await begin(environmentId)
    expect(await find(), 'so that it can try again').toMatchObject({ status: 'revoking' })
    await store.completeEnvironmentRevocation(environmentId, 'r1', T)
    expect(await find()).toBeNull()
  })
})

describe('records', () => {
  it('list connected computers, the last changed first', async () => {
    const { store, activate } = await withStore()
    const first = await activate()
    const second = await activate()
    await store.rotateEnvironmentCredential(first.environmentId, 'access', 'access', 'access-2', T + 5)
    expect((await store.listEnvironments(scope)).map(({ id }) => id)).toEqual([first.environmentId, second.environmentId])
  })

  it('rotate credentials only from what the caller knows', async () => {
    const { store, activate, pair, reserve } = await withStore()
    const { environmentId, id } = await activate()
    const rotate = (credential: 'access' | 'tunnel', expected: string, replacement: string) => store.rotateEnvironmentCredential(environmentId, credential, expected, replacement, T)
    expect([await rotate('access', 'wrong', 'x'), await rotate('access', 'access', 'new'), await rotate('access', 'access', 'x'), await rotate('tunnel', 'tunnel', 'x')]).toEqual([false, true, false, false])
    const held = await reserve((await pair()).id)
    expect(await store.rotateEnvironmentCredential(held.id, 'tunnel', 'tunnel', 'x', T)).toBe(true)
    expect([await store.rotateAuthorizationCredential(id, 'wrong', 'x', T), await store.rotateAuthorizationCredential(id, 'credential', 'x', T)]).toEqual([false, true])
    expect((await store.listEnvironments(scope))[0]).toMatchObject({ access_credential_ciphertext: 'new' })
  })

  it('are purged when they have ended long ago, the oldest first', async () => {
    const { store, pair, activate, engine } = await withStore()
    const denied = await pair(T, T + 1e9)
    await store.denyAuthorization(denied.id, T)
    await pair(T, T + 10)
    const { environmentId } = await activate()
    await store.revokeEnvironment(environmentId, scope, T + 1000)
    await pair(T + 5000, T + 1e9)
    const purge = (before: number, batchSize = 100) => store.purgeConnectRecords({ authorizationUpdatedBefore: before, revokedEnvironmentUpdatedBefore: before, batchSize })
    expect(await purge(T)).toEqual({ authorizations: 0, environments: 0 })
    expect(await purge(T + 1000)).toEqual({ authorizations: 2, environments: 0 })
    expect(await purge(T + 1001, 1)).toEqual({ authorizations: 1, environments: 1 })
    expect(await purge(T + 1e8)).toEqual({ authorizations: 0, environments: 0 })
    expect(await count(engine, 'connect_authorizations')).toBe(1)
    for (let index = 0; index < 510; index++) {
      const { id } = await pair(T + 10_000 - index)
      await store.denyAuthorization(id, T + 10_000 - index)
    }
    expect(await purge(T + 1e8, 9999), 'at most 500').toEqual({ authorizations: 500, environments: 0 })
    expect(await select(engine, 'SELECT MIN(updated_at) AS oldest FROM connect_authorizations WHERE status = \'denied\''), 'the youngest are left').toEqual([{ oldest: T + 9_991 }])
    for (const batchSize of [0, -1, 1.5]) await expect(purge(T, batchSize)).rejects.toMatchObject({ statusCode: 400 })
  })
})
