import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { eventOf, op, pullAll, pushAs } from '../support/ops'
import type { TestProvider } from '../support/provider'
import { openTestProvider } from '../support/provider'
import { count, select } from '../support/sql'

const ADA = { provider: 'demo', providerUserId: 'ada' }

async function signedIn(provider: TestProvider, providerUserId = 'ada') {
  const { userId } = await provider.workspaceStore.getOrCreateUser({ provider: 'demo', providerUserId })
  const { workspaceId } = await provider.workspaceStore.getOrCreateDefaultWorkspace(userId)
  return { userId, workspaceId }
}

/** Members beyond the owner come with invites; until then a test adds them itself. */
async function addMember(provider: TestProvider, workspaceId: string, userId: string, role: string): Promise<void> {
  await provider.engine.batch([{ sql: 'INSERT INTO workspace_members VALUES (?, ?, ?, ?)', parameters: [workspaceId, userId, role, provider.clock.now()] }])
}

describe('users', () => {
  it('are one per identity, however many ask at once (A1)', async () => {
    const { workspaceStore, engine } = await openTestProvider()
    const ids = await Promise.all(Array.from({ length: 20 }, () => workspaceStore.getOrCreateUser(ADA)))
    expect(new Set(ids.map(({ userId }) => userId)).size).toBe(1)
    expect(await count(engine, 'users')).toBe(1)
    expect(await count(engine, 'workspaces')).toBe(0)
  })

  it('are apart by provider and by case', async () => {
    const { workspaceStore } = await openTestProvider()
    const ids = await Promise.all([ADA, { ...ADA, provider: 'clerk' }, { ...ADA, providerUserId: 'Ada' }].map(identity => workspaceStore.getOrCreateUser(identity)))
    expect(new Set(ids.map(({ userId }) => userId)).size).toBe(3)
  })

  it('are found or not, without being made', async () => {
    const { workspaceStore, engine } = await openTestProvider()
    expect(await workspaceStore.getUser(ADA)).toBeNull()
    expect(await count(engine, 'users')).toBe(0)
    const { userId } = await workspaceStore.getOrCreateUser(ADA)
    expect(await workspaceStore.getUser(ADA)).toEqual({ userId })
  })

  it('take a new profile on sign-in and keep what is not said (A7, A15)', async () => {
    const { workspaceStore } = await openTestProvider()
    await workspaceStore.getOrCreateUser({ ...ADA, email: ' Ada@Example.test', displayName: 'Ada' })
    await workspaceStore.getOrCreateUser({ ...ADA, email: 'ada@new.test' })
    await workspaceStore.getOrCreateUser(ADA)
    expect(await workspaceStore.getUser(ADA)).toMatchObject({ email: 'ada@new.test', displayName: 'Ada' })
  })

  it.each([{ ...ADA, provider: '' }, { ...ADA, providerUserId: ' ' }, { ...ADA, providerUserId: 'x'.repeat(513) }, { provider: 'demo' }])('refuse %o', async (identity) => {
    const { workspaceStore, engine } = await openTestProvider()
    await expect(workspaceStore.getOrCreateUser(identity as typeof ADA)).rejects.toMatchObject({ statusCode: 400 })
    expect(await count(engine, 'users')).toBe(0)
  })
})

describe('the default workspace', () => {
  it('is made once, however many ask at once (A2)', async () => {
    const { workspaceStore, engine } = await openTestProvider()
    const { userId } = await workspaceStore.getOrCreateUser(ADA)
    const answers = await Promise.all(Array.from({ length: 20 }, () => workspaceStore.getOrCreateDefaultWorkspace(userId)))
    expect(answers.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(answers.map(({ workspaceId }) => workspaceId)).size).toBe(1)
    expect(answers[0]?.workspaceName).toBe('My Workspace')
    expect(await count(engine, 'workspaces')).toBe(1)
    expect(await workspaceStore.getWorkspaceRole({ userId, workspaceId: answers[0]?.workspaceId ?? '' })).toBe('owner')
  })

  it('is the active one; else the earliest, which becomes active', async () => {
    const provider = await openTestProvider()
    const { workspaceStore, clock, engine } = provider
    const { userId, workspaceId: first } = await signedIn(provider)
    clock.advance(1000)
    const { workspaceId: second } = await workspaceStore.createWorkspace({ userId, name: 'Second' })
    expect((await workspaceStore.getOrCreateDefaultWorkspace(userId)).workspaceId).toBe(first)
    await workspaceStore.setActiveWorkspace({ userId, workspaceId: second })
    expect(await workspaceStore.getOrCreateDefaultWorkspace(userId)).toEqual({ workspaceId: second, workspaceName: 'Second', created: false })
    await engine.batch([{ sql: 'UPDATE users SET active_workspace_id = NULL', parameters: [] }])
    expect((await workspaceStore.getOrCreateDefaultWorkspace(userId)).workspaceId).toBe(first)
    expect(await select(engine, 'SELECT active_workspace_id FROM users')).toEqual([{ active_workspace_id: first }])
  })

  it('is not one the user was removed from', async () => {
    const provider = await openTestProvider()
    const owner = await signedIn(provider)
    const guest = await signedIn(provider, 'grace')
    await addMember(provider, owner.workspaceId, guest.userId, 'viewer')
    await provider.workspaceStore.setActiveWorkspace({ userId: guest.userId, workspaceId: owner.workspaceId })
    await provider.engine.batch([{ sql: 'DELETE FROM workspace_members WHERE user_id = ? AND workspace_id = ?', parameters: [guest.userId, owner.workspaceId] }])
    expect((await provider.workspaceStore.getOrCreateDefaultWorkspace(guest.userId)).workspaceId).toBe(guest.workspaceId)
  })

  it('needs a user', async () => {
    const { workspaceStore } = await openTestProvider()
    await expect(workspaceStore.getOrCreateDefaultWorkspace(randomUUID())).rejects.toMatchObject({ statusCode: 404, statusMessage: 'User not found' })
  })
})

describe('workspaces', () => {
  it('are listed newest first with milliseconds, role and the active one', async () => {
    const provider = await openTestProvider()
    const { workspaceStore, clock } = provider
    const start = clock.now()
    const { userId, workspaceId } = await signedIn(provider)
    clock.advance(5)
    const { workspaceId: other } = await workspaceStore.createWorkspace({ userId, name: '  Second ', description: 'More' })
    expect(await workspaceStore.listUserWorkspaces(userId)).toEqual([
      { id: other, name: 'Second', description: 'More', role: 'owner', createdAt: start + 5, isActive: false },
      { id: workspaceId, name: 'My Workspace', role: 'owner', createdAt: start, isActive: true },
    ])
    expect(await workspaceStore.listUserWorkspaces(randomUUID())).toEqual([])
  })

  it('change name and description by owner and editor only', async () => {
    const provider = await openTestProvider()
    const { workspaceStore } = provider
    const { userId, workspaceId } = await signedIn(provider)
    const [editor, viewer, stranger] = await Promise.all(['editor', 'viewer', 'stranger'].map(name => signedIn(provider, name)))
    await addMember(provider, workspaceId, editor?.userId ?? '', 'editor')
    await addMember(provider, workspaceId, viewer?.userId ?? '', 'viewer')
    await workspaceStore.updateWorkspace({ userId, workspaceId, name: 'One', description: 'Text' })
    await workspaceStore.updateWorkspace({ userId: editor?.userId ?? '', workspaceId, name: 'Two' })
    expect((await workspaceStore.listUserWorkspaces(userId))[0]).toMatchObject({ name: 'Two', description: 'Text' })
    await workspaceStore.updateWorkspace({ userId, workspaceId, name: 'Two', description: null })
    expect((await workspaceStore.listUserWorkspaces(userId))[0]).not.toHaveProperty('description')
    await expect(workspaceStore.updateWorkspace({ userId: viewer?.userId ?? '', workspaceId, name: 'x' })).rejects.toMatchObject({ statusCode: 403, statusMessage: 'Forbidden: insufficient workspace role' })
    await expect(workspaceStore.updateWorkspace({ userId: stranger?.userId ?? '', workspaceId, name: 'x' })).rejects.toMatchObject({ statusCode: 403 })
    await expect(workspaceStore.updateWorkspace({ userId, workspaceId, name: ' ' })).rejects.toMatchObject({ statusCode: 400 })
  })

  it('that are removed are gone for everybody, who are moved elsewhere (A3, A4, A5, A16)', async () => {
    const provider = await openTestProvider()
    const { workspaceStore } = provider
    const owner = await signedIn(provider)
    const guest = await signedIn(provider, 'grace')
    const homeless = await signedIn(provider, 'linus')
    for (const user of [guest, homeless]) {
      await addMember(provider, owner.workspaceId, user.userId, 'editor')
      await workspaceStore.setActiveWorkspace({ userId: user.userId, workspaceId: owner.workspaceId })
    }
    await workspaceStore.removeWorkspace(homeless)
    await expect(workspaceStore.removeWorkspace({ userId: guest.userId, workspaceId: owner.workspaceId })).rejects.toMatchObject({ statusCode: 403, statusMessage: 'Forbidden: only owner can remove workspace' })
    await workspaceStore.removeWorkspace(owner)

    for (const user of [owner, guest]) {
      const member = { userId: user.userId, workspaceId: owner.workspaceId }
      expect(await workspaceStore.getWorkspaceRole(member)).toBeNull()
      expect((await workspaceStore.listUserWorkspaces(user.userId)).map(({ id }) => id)).not.toContain(owner.workspaceId)
      await expect(workspaceStore.setActiveWorkspace(member)).rejects.toMatchObject({ statusCode: 404, statusMessage: 'Workspace not found' })
      await expect(workspaceStore.updateWorkspace({ ...member, name: 'x' })).rejects.toMatchObject({ statusCode: 404 })
      await expect(workspaceStore.removeWorkspace(member)).rejects.toMatchObject({ statusCode: 404 })
    }
    const active = await select<{ id: string, active_workspace_id: string | null }>(provider.engine, 'SELECT id, active_workspace_id FROM users')
    expect(Object.fromEntries(active.map(row => [row.id, row.active_workspace_id]))).toEqual({ [owner.userId]: null, [guest.userId]: guest.workspaceId, [homeless.userId]: null })
    expect(await workspaceStore.getOrCreateDefaultWorkspace(owner.userId)).toMatchObject({ created: true })
  })

  it('that are removed take no sync any more, for as long as a session outlives them', async () => {
    const provider = await openTestProvider()
    const owner = await signedIn(provider)
    const event = eventOf(owner.userId, owner.workspaceId)
    await pushAs(provider.syncGateway, event, owner.workspaceId, op())
    await provider.workspaceStore.removeWorkspace(owner)
    const scope = { workspaceId: owner.workspaceId }
    const refused = { statusCode: 403, statusMessage: 'Forbidden: the workspace was removed' }
    await expect(pushAs(provider.syncGateway, event, owner.workspaceId, op({ clock: 2 }))).rejects.toMatchObject(refused)
    await expect(pushAs(provider.syncGateway, event, owner.workspaceId)).rejects.toMatchObject(refused)
    await expect(pullAll(provider.syncGateway, event, owner.workspaceId)).rejects.toMatchObject(refused)
    await expect(provider.syncGateway.updateCursor(event, { scope, deviceId: 'd', version: 1 })).rejects.toMatchObject(refused)
    expect([await count(provider.engine, 'change_log'), await count(provider.engine, 'device_cursors')]).toEqual([1, 0])
  })

  it('are no business of strangers, who cannot tell one that is there from one that is not', async () => {
    const provider = await openTestProvider()
    const owner = await signedIn(provider)
    const stranger = await signedIn(provider, 'grace')
    for (const workspaceId of [owner.workspaceId, randomUUID()]) {
      const member = { userId: stranger.userId, workspaceId }
      expect(await provider.workspaceStore.getWorkspaceRole(member)).toBeNull()
      for (const attempt of [() => provider.workspaceStore.setActiveWorkspace(member), () => provider.workspaceStore.removeWorkspace(member), () => provider.workspaceStore.updateWorkspace({ ...member, name: 'x' })]) {
        await expect(attempt()).rejects.toMatchObject({ statusCode: 403, statusMessage: 'Forbidden: not a member of this workspace' })
      }
    }
  })

  it('have an owner who is a user', async () => {
    const { workspaceStore, engine } = await openTestProvider()
    await expect(workspaceStore.createWorkspace({ userId: randomUUID(), name: 'x' })).rejects.toMatchObject({ statusCode: 404 })
    expect(await count(engine, 'workspaces')).toBe(0)
  })
})
