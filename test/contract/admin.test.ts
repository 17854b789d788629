import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { eventOf, op, pushAs } from '../support/ops'
import { openTestProvider } from '../support/provider'
import { messageOp } from '../support/rows'
import { count } from '../support/sql'

async function withPeople(env: Record<string, string> = {}) {
  const provider = await openTestProvider({ env, host: { snapshots: true } })
  const store = provider.workspaceStore
  const user = async (name: string) => (await store.getOrCreateUser({ provider: 'demo', providerUserId: name, email: `${name}@example.test`, displayName: name })).userId
  const [ada, bob] = [await user('ada'), await user('bob')]
  const { workspaceId } = await store.createWorkspace({ userId: ada, name: 'Team', description: 'All of us' })
  const { adminStores } = provider
  return {
    ...provider, store, ada, bob, workspaceId, user,
    access: adminStores.createWorkspaceAccessStore({}), settings: adminStores.createWorkspaceSettingsStore({}), admins: adminStores.createAdminUserStore({}),
  }
}

const NOT_FOUND = { statusCode: 404 }

describe('the admin stores', () => {
  it('have every method of the contract, and capabilities that are booleans', async () => {
    const { access, settings, admins, adminStores } = await withPeople()
    for (const [store, methods] of [
      [access, ['listMembers', 'upsertMember', 'setMemberRole', 'removeMember', 'listWorkspaces', 'getWorkspace', 'createWorkspace', 'softDeleteWorkspace', 'restoreWorkspace', 'searchUsers']],
      [settings, ['get', 'set', 'compareAndSet']],
      [admins, ['listAdmins', 'grantAdmin', 'revokeAdmin', 'isAdmin', 'searchUsers']],
    ] as const) for (const method of methods) expect(typeof (store as unknown as Record<string, unknown>)[method], method).toBe('function')
    expect(Object.values(adminStores.getCapabilities())).toEqual([true, true, true, true, true])
    expect('getLegacy' in settings, 'only for stores that migrate').toBe(false)
  })
})

describe('members', () => {
  it('are added by address, provider id, user id or as somebody new, and changed when they are there', async () => {
    const { access, workspaceId, ada, bob, clock } = await withPeople()
    const upsert = (emailOrProviderId: string, role: 'owner' | 'editor' | 'viewer', provider?: string) => {
      clock.advance(1)
      return access.upsertMember({ workspaceId, emailOrProviderId, role, ...provider ? { provider } : {} })
    }
    await upsert('BOB@example.test', 'viewer')
    await upsert('bob', 'editor', 'demo')
    await upsert(bob, 'viewer')
    await upsert('someone-new', 'viewer')
    await upsert('someone-new', 'viewer')
    const members = await access.listMembers({ workspaceId })
    expect(members).toEqual([
      { userId: ada, email: 'ada@example.test', role: 'owner' }, { userId: bob, email: 'bob@example.test', role: 'viewer' }, { userId: expect.any(String), role: 'viewer' },
    ])
    await expect(access.upsertMember({ workspaceId: 'nope', emailOrProviderId: 'bob', role: 'viewer' })).rejects.toMatchObject({ ...NOT_FOUND, message: 'Workspace not found' })
    await expect(upsert('bob', 'king' as 'owner')).rejects.toMatchObject({ statusCode: 400 })
  })

  it('are who they are by their provider id at their first sign-in', async () => {
    const { access, store, workspaceId } = await withPeople()
    await access.upsertMember({ workspaceId, emailOrProviderId: 'eve-id', role: 'editor', provider: 'clerk' })
    const { userId } = await store.getOrCreateUser({ provider: 'clerk', providerUserId: 'eve-id' })
    expect(await store.getWorkspaceRole({ userId, workspaceId })).toBe('editor')
  })

  it('are not guessed where two people go by one address or id', async () => {
    const { access, store, workspaceId, engine } = await withPeople()
    await store.getOrCreateUser({ provider: 'clerk', providerUserId: 'bob', email: 'bob@example.test' })
    for (const name of ['bob@example.test', 'bob']) await expect(access.upsertMember({ workspaceId, emailOrProviderId: name, role: 'owner' })).rejects.toMatchObject({ statusCode: 409 })
    expect(await count(engine, 'workspace_members')).toBe(1)
    await access.upsertMember({ workspaceId, emailOrProviderId: 'bob', provider: 'clerk', role: 'viewer' })
  })

  it('always include an owner', async () => {
    const { access, workspaceId, ada, bob } = await withPeople()
    const demoted = { statusCode: 409, message: 'Cannot demote the last workspace owner. Transfer ownership first.' }
    await expect(access.setMemberRole({ workspaceId, userId: ada, role: 'viewer' })).rejects.toMatchObject(demoted)
    await expect(access.upsertMember({ workspaceId, emailOrProviderId: ada, role: 'viewer' })).rejects.toMatchObject(demoted)
    await expect(access.removeMember({ workspaceId, userId: ada })).rejects.toMatchObject({ statusCode: 409, message: 'Cannot remove the last workspace owner. Transfer ownership first.' })
    for (const call of [access.setMemberRole({ workspaceId, userId: bob, role: 'owner' }), access.removeMember({ workspaceId, userId: bob })]) await expect(call).rejects.toMatchObject({ ...NOT_FOUND, message: 'Workspace member not found' })
    await access.upsertMember({ workspaceId, emailOrProviderId: bob, role: 'owner' })
    const leaving = await Promise.allSettled([access.setMemberRole({ workspaceId, userId: ada, role: 'viewer' }), access.removeMember({ workspaceId, userId: bob })])
    expect(leaving.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect((await access.listMembers({ workspaceId })).filter(({ role }) => role === 'owner')).toHaveLength(1)
  })

  it('include an owner whom somebody can sign in as', async () => {
    const { access, workspaceId, ada } = await withPeople()
    await access.upsertMember({ workspaceId, emailOrProviderId: 'typo@example.test', role: 'owner' })
    await expect(access.removeMember({ workspaceId, userId: ada })).rejects.toMatchObject({ statusCode: 409 })
    await expect(access.setMemberRole({ workspaceId, userId: ada, role: 'viewer' })).rejects.toMatchObject({ statusCode: 409 })
  })

  it('who are removed hear no more of the workspace through their webhooks', async () => {
    const { access, webhookStore, workspaceId, ada, bob } = await withPeople()
    await access.upsertMember({ workspaceId, emailOrProviderId: bob, role: 'editor' })
    const hook = { scope: 'user' as const, workspace_id: workspaceId, url: 'https://a.test', label: '', events: ['message.created'], custom_hooks: [], signing_secret_enc: 'e', enabled: true }
    const theirs = await webhookStore.createWebhook({ ...hook, user_id: bob })
    await webhookStore.createWebhook({ ...hook, user_id: ada })
    await webhookStore.createDeliveryLog({
      webhook_id: theirs.id, event_id: 'e', event_type: 'message.created', attempt: 1, status: 'pending', claimed_by: null, claimed_at: null, http_status: null,
      error_message: null, request_payload: '{}', response_body: null, duration_ms: null, next_retry_at: null, created_at: 1,
    })
    await access.removeMember({ workspaceId, userId: bob })
    expect((await webhookStore.listWebhooksByEvent('message.created', 'user', workspaceId)).map(({ user_id }) => user_id)).toEqual([ada])
    expect(await webhookStore.claimPendingDeliveries('w', 5)).toEqual([])
  })

  it('who are removed run on in another workspace', async () => {
    const { access, store, workspaceId, bob } = await withPeople()
    const own = await store.getOrCreateDefaultWorkspace(bob)
    await access.upsertMember({ workspaceId, emailOrProviderId: bob, role: 'viewer' })
    await store.setActiveWorkspace({ userId: bob, workspaceId })
    await access.removeMember({ workspaceId, userId: bob })
    expect(await store.getOrCreateDefaultWorkspace(bob)).toMatchObject({ workspaceId: own.workspaceId, created: false })
  })
})

describe('the list of workspaces', () => {
  it('is paged, newest first, searched by name and description, in milliseconds (A18)', async () => {
    const { access, ada, workspaceId, clock } = await withPeople()
    for (let index = 0; index < 5; index++) {
      clock.advance(1000)
      await access.createWorkspace({ name: `W${index} 100%`, ownerUserId: ada })
    }
    const first = await access.listWorkspaces({ page: 1, perPage: 4 })
    expect([first.total, first.items.map(({ name }) => name)]).toEqual([6, ['W4 100%', 'W3 100%', 'W2 100%', 'W1 100%']])
    expect((await access.listWorkspaces({ page: 2, perPage: 4 })).items.map(({ name }) => name)).toEqual(['W0 100%', 'Team'])
    expect(first.items[0]).toEqual({ id: expect.any(String), name: 'W4 100%', createdAt: clock.now(), deleted: false, ownerUserId: ada, ownerEmail: 'ada@example.test', memberCount: 1 })
    const found = async (search: string) => (await access.listWorkspaces({ search, page: 1, perPage: 50 })).total
    expect([await found('TEAM'), await found('all of'), await found('100%'), await found('%'), await found('_'), await found('')]).toEqual([1, 1, 5, 5, 0, 6])
    expect(await access.getWorkspace({ workspaceId })).toMatchObject({ name: 'Team', description: 'All of us' })
    expect(await access.getWorkspace({ workspaceId: 'nope' })).toBeNull()
    await expect(access.createWorkspace({ name: 'X', ownerUserId: 'nope' })).rejects.toMatchObject({ ...NOT_FOUND, message: 'Owner user not found' })
  })

  it('knows removed ones, which everybody has left (A3), until they are restored', async () => {
    const { access, store, syncGateway, ada, workspaceId, clock } = await withPeople()
    await store.setActiveWorkspace({ userId: ada, workspaceId })
    const deletedAt = clock.now() + 5
    await access.softDeleteWorkspace({ workspaceId, deletedAt })
    await access.softDeleteWorkspace({ workspaceId, deletedAt: deletedAt + 9 })
    expect(await access.getWorkspace({ workspaceId })).toMatchObject({ deleted: true, deletedAt })
    expect(await access.listWorkspaces({ page: 1, perPage: 10 })).toMatchObject({ total: 0 })
    expect(await access.listWorkspaces({ page: 1, perPage: 10, includeDeleted: true })).toMatchObject({ total: 1 })
    expect((await store.getOrCreateDefaultWorkspace(ada)).workspaceId).not.toBe(workspaceId)
    expect(await store.getWorkspaceRole({ userId: ada, workspaceId })).toBeNull()
    await expect(pushAs(syncGateway, eventOf(ada, workspaceId), workspaceId, op())).rejects.toMatchObject({ statusCode: 403 })
    await access.restoreWorkspace({ workspaceId })
    expect(await store.getWorkspaceRole({ userId: ada, workspaceId })).toBe('owner')
    for (const call of [access.softDeleteWorkspace({ workspaceId: 'nope', deletedAt }), access.restoreWorkspace({ workspaceId: 'nope' })]) await expect(call).rejects.toMatchObject(NOT_FOUND)
  })
})

describe('the search for users', () => {
  it('looks for a piece of address, name or id, and takes no wildcards (A17)', async () => {
    const { access, admins, ada, user } = await withPeople()
    await user('a_b')
    const names = async (query: string, limit?: number) => (await access.searchUsers({ query, ...limit ? { limit } : {} })).map(({ displayName }) => displayName)
    expect(await names('ADA@')).toEqual(['ada'])
    expect(await names(ada.slice(3, 20))).toEqual(['ada'])
    expect(await names('_')).toEqual(['a_b'])
    expect(await names('%')).toEqual([])
    expect(await names('example', 2)).toHaveLength(2)
    expect(await names(' ')).toEqual([])
    expect(await admins.searchUsers({ query: 'bob' })).toMatchObject([{ email: 'bob@example.test' }])
  })
})

describe('settings', () => {
  it('are kept per workspace and swapped only from what was read', async () => {
    const { settings, workspaceId, store, ada } = await withPeople()
    const other = (await store.createWorkspace({ userId: ada, name: 'Other' })).workspaceId
    expect(await settings.get(workspaceId, 'plugins.enabled')).toBeNull()
    await settings.set(workspaceId, 'plugins.enabled', '["a"]')
    await settings.set(workspaceId, 'plugins.enabled', '["b"]')
    expect([await settings.get(workspaceId, 'plugins.enabled'), await settings.get(other, 'plugins.enabled')]).toEqual(['["b"]', null])
    expect(await settings.compareAndSet(workspaceId, 'plugins.enabled', '["a"]', '["c"]')).toBe(false)
    expect(await settings.compareAndSet(workspaceId, 'plugins.enabled', null, '["c"]')).toBe(false)
    const swaps = await Promise.all(Array.from({ length: 8 }, (_, index) => settings.compareAndSet(workspaceId, 'plugins.enabled', '["b"]', `["${index}"]`)))
    expect(swaps.filter(Boolean)).toHaveLength(1)
    expect(await settings.compareAndSet(workspaceId, 'new', null, '')).toBe(true)
    await expect(settings.set('nope', 'k', 'v')).rejects.toMatchObject({ ...NOT_FOUND, message: 'Workspace not found' })
    await expect(settings.set(workspaceId, 'k', 'x'.repeat(262_145))).rejects.toMatchObject({ statusCode: 400 })
    await expect(settings.set(workspaceId, '', 'v')).rejects.toMatchObject({ statusCode: 400 })
  })
})

describe('deployment admins', () => {
  it('are granted once, listed newest first, and effective in sessions (A14)', async () => {
    const { admins, deploymentAdminChecker, ada, bob, clock } = await withPeople()
    const first = clock.now()
    await admins.grantAdmin({ userId: ada })
    clock.advance(1000)
    await admins.grantAdmin({ userId: ada, createdByUserId: bob })
    await admins.grantAdmin({ userId: bob, createdByUserId: ada })
    expect(await admins.listAdmins()).toEqual([
      { userId: bob, email: 'bob@example.test', displayName: 'bob', createdAt: first + 1000 },
      { userId: ada, email: 'ada@example.test', displayName: 'ada', createdAt: first },
    ])
    expect(await deploymentAdminChecker.checkDeploymentAdmin('ada', 'demo')).toBe(true)
    expect(await deploymentAdminChecker.checkDeploymentAdmin('ada', 'clerk')).toBe(false)
    await admins.revokeAdmin({ userId: ada })
    await admins.revokeAdmin({ userId: ada })
    expect([await admins.isAdmin({ userId: ada }), await admins.isAdmin({ userId: bob })]).toEqual([false, true])
    expect(await deploymentAdminChecker.checkDeploymentAdmin('ada', 'demo')).toBe(false)
    await expect(admins.grantAdmin({ userId: 'nope' })).rejects.toMatchObject({ ...NOT_FOUND, message: 'User not found' })
  })

  it('are nobody while the database is away', async () => {
    const { deploymentAdminChecker, admins, ada, close } = await withPeople()
    await admins.grantAdmin({ userId: ada })
    await close()
    expect(await deploymentAdminChecker.checkDeploymentAdmin('ada', 'demo')).toBe(false)
  })
})

describe('the admin adapter', () => {
  const context = { enabled: true, provider: 'sqlite' }

  it('shows nothing that the public may not know (I9) and never throws', async () => {
    const { adminAdapter, path, close } = await withPeople()
    const status = await adminAdapter.getStatus({}, context)
    expect(status).toEqual({
      details: { driver: 'better-sqlite3', maintenance: { state: 'idle' } }, warnings: [],
      actions: [expect.objectContaining({ id: 'sync.gc-change-log' }), expect.objectContaining({ id: 'sync.gc-tombstones' })],
    })
    expect(JSON.stringify(status)).not.toContain(path.split('/').at(-1))
    await close()
    expect((await adminAdapter.getStatus({}, context)).warnings).toEqual([{ level: 'error', message: 'The database is not available. The server log says why.' }])
    const memory = await openTestProvider({ path: ':memory:', env: { OR3_SQLITE_ALLOW_IN_MEMORY: '1' } })
    expect((await memory.adminAdapter.getStatus({}, context)).warnings).toMatchObject([{ level: 'warning' }])
  })

  it('is not green while nothing moves: a write must get through and be read back (F10)', async () => {
    const { adminAdapter, path, clock } = await withPeople({ OR3_SQLITE_BUSY_TIMEOUT_MS: '100' })
    const warnings = async () => (await adminAdapter.getStatus({}, context)).warnings
    expect(await warnings()).toEqual([])
    const other = new Database(path)
    other.exec('BEGIN IMMEDIATE')
    expect(await warnings(), 'it is asked again only after ten seconds').toEqual([])
    clock.advance(10_000)
    expect(await warnings()).toMatchObject([{ level: 'error', message: expect.stringContaining('takes no writes') as string }])
    other.exec('ROLLBACK')
    other.close()
    clock.advance(1000)
    expect(await warnings()).toEqual([])
  })

  it('collects for the session\'s workspace, or for the one an admin names', async () => {
    const { adminAdapter, syncGateway, workspaceId, ada, clock } = await withPeople()
    await pushAs(syncGateway, eventOf(ada, workspaceId), workspaceId, messageOp(), messageOp({ clock: 2 }))
    clock.advance(400 * 86_400_000)
    const session = { workspace: { id: workspaceId } }
    expect(await adminAdapter.runAction({}, 'sync.gc-change-log', undefined, { session })).toEqual({ ok: true, actionId: 'sync.gc-change-log', workspaceId, retentionSeconds: 31_536_000, removed: { changes: 2, cursors: 0, receipts: 0 } })
    expect(await adminAdapter.runAction({}, 'sync.gc-tombstones', { workspaceId }, {})).toMatchObject({ ok: true, workspaceId, removed: { tombstones: 0 } })
    await expect(adminAdapter.runAction({}, 'sync.gc-change-log', {}, {})).rejects.toMatchObject({ statusCode: 400, message: 'Workspace not resolved' })
    await expect(adminAdapter.runAction({}, 'toString', {}, { session })).rejects.toMatchObject({ statusCode: 400, message: 'Unknown action' })
  })
})
