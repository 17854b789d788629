import { describe, expect, it } from 'vitest'
import type { WorkspaceRole } from '../../src/runtime/server/host/contract'
import type { TestProvider } from '../support/provider'
import { openTestProvider } from '../support/provider'
import { count, select } from '../support/sql'

const HOUR = 3600

async function withWorkspace(env?: Record<string, string>) {
  const provider = await openTestProvider(env ? { env } : {})
  const { userId: owner } = await provider.workspaceStore.getOrCreateUser({ provider: 'demo', providerUserId: 'ada' })
  const { workspaceId } = await provider.workspaceStore.createWorkspace({ userId: owner, name: 'Team' })
  const seconds = () => Math.floor(provider.clock.now() / 1000)
  const invite = (input: { email?: string, role?: WorkspaceRole, tokenHash?: string, expiresAt?: number } = {}) => provider.workspaceStore.createInvite({
    workspaceId, email: 'Bob@Example.test ', role: 'editor', invitedByUserId: owner, expiresAt: seconds() + HOUR, tokenHash: 'hash-1', ...input,
  })
  const accept = (input: { providerUserId?: string, email?: string, tokenHash?: string, workspaceId?: string } = {}) => provider.workspaceStore.acceptInviteAndProvisionUser({
    provider: 'demo', providerUserId: 'bob', email: 'bob@example.test', workspaceId, tokenHash: 'hash-1', displayName: 'Bob', ...input,
  })
  return { provider, owner, workspaceId, invite, accept, seconds, store: provider.workspaceStore }
}

async function addMember(provider: TestProvider, workspaceId: string, emailOrProviderId: string, role: WorkspaceRole): Promise<void> {
  await provider.adminStores.createWorkspaceAccessStore().upsertMember({ workspaceId, emailOrProviderId, role, provider: 'demo' })
}

describe('invites', () => {
  it('are kept with a normalised address and listed newest first, overdue ones as expired', async () => {
    const { store, workspaceId, invite, provider, owner, seconds } = await withWorkspace()
    const { inviteId } = await invite({ expiresAt: seconds() + 60 })
    const created = seconds()
    provider.clock.advance(61_000)
    await invite({ tokenHash: 'hash-2', email: 'eve@example.test' })
    const invites = await store.listInvites({ workspaceId })
    expect(invites.map(({ email, status }) => [email, status])).toEqual([['eve@example.test', 'pending'], ['bob@example.test', 'expired']])
    expect(invites[1]).toEqual({
      id: inviteId, workspaceId, email: 'bob@example.test', role: 'editor', status: 'expired', invitedByUserId: owner, expiresAt: created + 60,
      tokenHash: 'hash-1', acceptedAt: null, acceptedUserId: null, revokedAt: null, createdAt: created, updatedAt: created + 61,
    })
    expect(await store.listInvites({ workspaceId, status: 'expired' })).toHaveLength(1)
    expect(await store.listInvites({ workspaceId, limit: 0 })).toHaveLength(1)
    for (let index = 0; index < 510; index++) await invite({ tokenHash: `more-${index}` })
    expect([(await store.listInvites({ workspaceId })).length, (await store.listInvites({ workspaceId, limit: 9999 })).length]).toEqual([100, 500])
    expect(await store.listInvites({ workspaceId: 'elsewhere' })).toEqual([])
  })

  it('asked for twice within a second are one, with the later role', async () => {
    const { store, workspaceId, invite } = await withWorkspace()
    const first = await invite()
    expect(await invite({ role: 'viewer' })).toEqual(first)
    expect(await store.listInvites({ workspaceId })).toMatchObject([{ role: 'viewer' }])
    await store.revokeInvite({ workspaceId, inviteId: first.inviteId, revokedByUserId: 'x' })
    await expect(invite()).rejects.toMatchObject({ statusCode: 409 })
  })

  it('make the user, the account and the membership in one step, once (exactly once under concurrency)', async () => {
    const { store, workspaceId, invite, accept, provider } = await withWorkspace()
    await invite()
    expect(await store.validateInvite({ workspaceId, email: ' BOB@example.test', tokenHash: 'hash-1' })).toEqual({ ok: true, role: 'editor' })
    const results = await Promise.all(Array.from({ length: 10 }, (_, index) => accept({ providerUserId: `bob-${index}` })))
    const [won] = results.filter(result => result.ok)
    expect(results.filter(result => result.ok)).toHaveLength(1)
    expect(new Set(results.map(result => result.ok ? 'ok' : result.reason))).toEqual(new Set(['ok', 'already_used']))
    expect(won).toMatchObject({ role: 'editor', createdUser: true })
    expect([await count(provider.engine, 'users'), await count(provider.engine, 'auth_accounts'), await count(provider.engine, 'workspace_members')]).toEqual([2, 2, 2])
    const userId = won?.ok ? won.userId : ''
    expect(await store.getOrCreateDefaultWorkspace(userId)).toMatchObject({ workspaceId, created: false })
    expect(await store.listInvites({ workspaceId })).toMatchObject([{ status: 'accepted', acceptedUserId: userId, acceptedAt: expect.any(Number) }])
    expect(await store.validateInvite({ workspaceId, email: 'bob@example.test', tokenHash: 'hash-1' })).toEqual({ ok: false, reason: 'already_used' })
  })

  it('take a known identity as it is', async () => {
    const { store, invite, accept } = await withWorkspace()
    const { userId } = await store.getOrCreateUser({ provider: 'demo', providerUserId: 'bob' })
    await invite()
    expect(await accept()).toEqual({ ok: true, userId, role: 'editor', createdUser: false })
  })

  it('say why not, in the contract\'s order, and write nothing', async () => {
    const { store, owner, workspaceId, invite, accept, provider, seconds } = await withWorkspace()
    await invite()
    await invite({ tokenHash: 'hash-late', expiresAt: seconds() + 10 })
    const { inviteId } = await invite({ tokenHash: 'hash-revoked' })
    await store.revokeInvite({ workspaceId, inviteId, revokedByUserId: 'x' })
    const reason = async (input: Parameters<typeof accept>[0]) => {
      const result = await accept(input)
      return result.ok ? 'ok' : result.reason
    }
    expect(await reason({ tokenHash: 'nope' })).toBe('not_found')
    expect(await reason({ workspaceId: 'elsewhere' })).toBe('not_found')
    const other = await store.createWorkspace({ userId: owner, name: 'Other' })
    expect(await reason({ workspaceId: other.workspaceId })).toBe('not_found')
    expect(await reason({ email: 'eve@example.test' })).toBe('email_mismatch')
    expect(await reason({ email: 'eve@example.test', tokenHash: 'hash-revoked' })).toBe('email_mismatch')
    expect(await reason({ tokenHash: 'hash-revoked' })).toBe('revoked')
    provider.clock.advance(10_000)
    expect(await reason({ tokenHash: 'hash-late' })).toBe('expired')
    expect(await count(provider.engine, 'users')).toBe(1)
    expect(await select(provider.engine, 'SELECT status FROM auth_invites WHERE token_hash = ?', 'hash-late')).toEqual([{ status: 'pending' }])
  })

  it('never lower a role (A9), and open no removed workspace', async () => {
    const { store, owner, workspaceId, invite, accept } = await withWorkspace()
    await store.getOrCreateUser({ provider: 'demo', providerUserId: 'ada', email: 'bob@example.test' })
    await invite({ role: 'viewer' })
    expect(await accept({ providerUserId: 'ada' })).toMatchObject({ ok: true, userId: owner, role: 'owner' })
    expect(await store.getWorkspaceRole({ userId: owner, workspaceId })).toBe('owner')
    await invite({ tokenHash: 'hash-2', role: 'viewer' })
    await store.removeWorkspace({ userId: owner, workspaceId })
    expect(await accept({ tokenHash: 'hash-2' })).toEqual({ ok: false, reason: 'not_found' })
    expect(await store.consumeInvite({ workspaceId, email: 'bob@example.test', tokenHash: 'hash-2', acceptedUserId: owner })).toEqual({ ok: false, reason: 'not_found' })
    expect(await store.validateInvite({ workspaceId, email: 'bob@example.test', tokenHash: 'hash-2' })).toEqual({ ok: false, reason: 'not_found' })
    await expect(invite({ tokenHash: 'hash-3' })).rejects.toMatchObject({ statusCode: 404 })
  })

  it('raise a role', async () => {
    const { provider, store, workspaceId, invite, accept } = await withWorkspace()
    const { userId } = await store.getOrCreateUser({ provider: 'demo', providerUserId: 'bob' })
    await addMember(provider, workspaceId, userId, 'viewer')
    await invite({ role: 'editor' })
    expect(await accept()).toMatchObject({ role: 'editor' })
    expect(await store.getWorkspaceRole({ userId, workspaceId })).toBe('editor')
  })

  it('are found by their token where an address has several (A10)', async () => {
    const { store, workspaceId, invite, provider } = await withWorkspace()
    const { userId } = await store.getOrCreateUser({ provider: 'demo', providerUserId: 'bob' })
    await invite({ tokenHash: 'older', role: 'viewer' })
    provider.clock.advance(1000)
    await invite({ tokenHash: 'newer', role: 'editor' })
    const consume = (tokenHash: string, email = 'bob@example.test') => store.consumeInvite({ workspaceId, email, tokenHash, acceptedUserId: userId })
    expect(await consume('forged')).toEqual({ ok: false, reason: 'token_mismatch' })
    expect(await consume('forged', 'nobody@example.test')).toEqual({ ok: false, reason: 'not_found' })
    expect(await consume('newer', 'eve@example.test')).toEqual({ ok: false, reason: 'email_mismatch' })
    expect(await consume('newer')).toEqual({ ok: true, role: 'editor' })
    expect(await consume('newer')).toEqual({ ok: false, reason: 'already_used' })
    expect(await consume('older')).toEqual({ ok: true, role: 'editor' })
    await expect(store.consumeInvite({ workspaceId, email: 'a@b', tokenHash: 'x', acceptedUserId: 'nobody' })).rejects.toMatchObject({ statusCode: 404 })
  })

  it('that were accepted are not revoked afterwards (A11)', async () => {
    const { store, workspaceId, invite, accept } = await withWorkspace()
    const { inviteId } = await invite()
    const [accepted] = await Promise.all([accept(), store.revokeInvite({ workspaceId, inviteId, revokedByUserId: 'x' })])
    expect(accepted.ok).toBe(true)
    expect(await store.listInvites({ workspaceId })).toMatchObject([{ status: 'accepted', revokedAt: null }])
    await expect(store.revokeInvite({ workspaceId, inviteId: 'nope', revokedByUserId: 'x' })).rejects.toMatchObject({ statusCode: 404, message: 'Invite not found' })
    await expect(store.revokeInvite({ workspaceId: 'elsewhere', inviteId, revokedByUserId: 'x' })).rejects.toMatchObject({ statusCode: 404 })
  })

  it('refuse bad input by name', async () => {
    const { invite, seconds } = await withWorkspace()
    await expect(invite({ email: 'nobody' })).rejects.toMatchObject({ statusCode: 400, message: expect.stringContaining('email') })
    await expect(invite({ role: 'king' as 'owner' })).rejects.toMatchObject({ statusCode: 400, message: expect.stringContaining('role') })
    await expect(invite({ expiresAt: seconds() })).rejects.toMatchObject({ statusCode: 400, message: expect.stringContaining('expiresAt') })
    await expect(invite({ tokenHash: '' })).rejects.toMatchObject({ statusCode: 400, message: expect.stringContaining('tokenHash') })
  })
})

describe('somebody added by e-mail before they ever signed in (A8)', () => {
  it('is a member who becomes them with the invite that went to the address', async () => {
    const { provider, workspaceId, invite, accept, store } = await withWorkspace()
    await addMember(provider, workspaceId, 'bob@example.test', 'viewer')
    await addMember(provider, workspaceId, 'Bob@Example.test', 'viewer')
    expect(await count(provider.engine, 'users')).toBe(2)
    await invite()
    const accepted = await accept()
    expect(accepted).toMatchObject({ ok: true, role: 'editor', createdUser: false })
    expect(await count(provider.engine, 'users')).toBe(2)
    expect(await store.getUser({ provider: 'demo', providerUserId: 'bob' })).toMatchObject({ email: 'bob@example.test', displayName: 'Bob' })
  })

  it('is not given away by an invite into another workspace, whose owner has its token', async () => {
    for (const granted of [false, true]) {
      const { provider, workspaceId, store } = await withWorkspace()
      if (granted) await addMember(provider, workspaceId, 'cfo@example.test', 'owner')
      else await provider.engine.batch([{ sql: 'INSERT INTO users VALUES (?, ?, NULL, NULL, 1)', parameters: ['placeholder', 'cfo@example.test'] }])
      const [placeholder] = await select<{ id: string }>(provider.engine, 'SELECT id FROM users WHERE email = ?', 'cfo@example.test')
      if (!granted) await provider.adminStores.createAdminUserStore().grantAdmin({ userId: placeholder?.id ?? '' })
      const { userId: mallory } = await store.getOrCreateUser({ provider: 'demo', providerUserId: 'mallory' })
      const own = await store.createWorkspace({ userId: mallory, name: 'Trap' })
      const seconds = Math.floor(provider.clock.now() / 1000)
      await store.createInvite({ workspaceId: own.workspaceId, email: 'cfo@example.test', role: 'viewer', invitedByUserId: mallory, expiresAt: seconds + 60, tokenHash: 'known' })
      const accepted = await store.acceptInviteAndProvisionUser({ provider: 'demo', providerUserId: 'mallory-2', email: 'cfo@example.test', workspaceId: own.workspaceId, tokenHash: 'known' })
      expect(accepted).toMatchObject({ ok: true, createdUser: true })
      expect(accepted.ok && accepted.userId).not.toBe(placeholder?.id)
      expect(await provider.deploymentAdminChecker.checkDeploymentAdmin('mallory-2', 'demo')).toBe(false)
    }
  })

  it('is not whoever claims the address, unless the auth provider vouches for it', async () => {
    for (const [trusted, users] of [['clerk, oidc', 2], ['other', 3]] as const) {
      const { provider, workspaceId, store } = await withWorkspace({ OR3_SQLITE_VERIFIED_EMAIL_PROVIDERS: trusted })
      await addMember(provider, workspaceId, 'bob@example.test', 'viewer')
      const { userId } = await store.getOrCreateUser({ provider: 'clerk', providerUserId: 'b', email: 'BOB@example.test', displayName: 'Bob' })
      expect(await store.getWorkspaceRole({ userId, workspaceId })).toBe(users === 2 ? 'viewer' : null)
      expect(await count(provider.engine, 'users')).toBe(users)
      const second = await store.getOrCreateUser({ provider: 'oidc', providerUserId: 'b', email: 'bob@example.test' })
      expect(second.userId, 'an account once taken is nobody else\'s').not.toBe(userId)
    }
  })
})
