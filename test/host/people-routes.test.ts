import { describe, expect, it } from 'vitest'
import { messageOp } from '../support/rows'
import { Client, startServer } from '../support/server'

const ADMIN = { 'x-or3-admin-intent': 'admin' }

async function withAda(env: Record<string, string> = {}) {
  const server = await startServer({ env })
  const ada = new Client(server.url)
  const workspaceId = await ada.signIn('ada')
  const admin = (path: string, body: unknown, client = ada) => client.send('POST', `/api/admin/${path}`, body, ADMIN)
  const invite = async (email: string, role = 'editor') => {
    const { body } = await admin('workspace/invites/create', { email, role })
    return (body as { invite: { id: string, token: string, inviteUrl: string } }).invite
  }
  return { server, ada, workspaceId, admin, invite }
}

describe('invites through the host', () => {
  it('bring the one they are for into the workspace, once', async () => {
    const { server, ada, workspaceId, invite } = await withAda()
    const { token, inviteUrl } = await invite('Grace@Example.test')
    expect(inviteUrl).toBe(`/?invite=${encodeURIComponent(token)}`)
    const linus = new Client(server.url)
    await linus.signIn('linus')
    expect((await linus.post('/api/demo/accept-invite', { token })).body).toEqual({ ok: false, reason: 'email_mismatch' })
    const grace = new Client(server.url)
    await grace.post('/api/demo/sign-in', { user: 'grace' })
    expect((await grace.post('/api/demo/accept-invite', { token })).body).toMatchObject({ ok: true, role: 'editor' })
    expect(await grace.session(), 'it is where she is now').toMatchObject({ workspace: { id: workspaceId }, role: 'editor' })
    expect((await grace.post('/api/demo/accept-invite', { token })).body).toEqual({ ok: false, reason: 'already_used' })
    const scope = { workspaceId }
    expect((await grace.post('/api/sync/push', { scope, ops: [messageOp()] })).status).toBe(200)
    expect(await ada.post('/api/sync/pull', { scope, cursor: 0, limit: 10 })).toMatchObject({ body: { changes: [{ pk: 'm1' }] } })
    expect((await ada.get('/api/admin/workspace/invites/list')).body).toMatchObject({ invites: [{ email: 'grace@example.test', status: 'accepted' }] })
  })

  it('that were revoked, changed or made up let nobody in', async () => {
    const { server, admin, invite } = await withAda()
    const { id, token } = await invite('grace@example.test')
    await admin('workspace/invites/revoke', { inviteId: id })
    const grace = new Client(server.url)
    await grace.signIn('grace')
    expect((await grace.post('/api/demo/accept-invite', { token })).body).toEqual({ ok: false, reason: 'revoked' })
    expect((await grace.post('/api/demo/accept-invite', { token: `x${token}` })).status).toBe(400)
    expect((await admin('workspace/invites/revoke', { inviteId: 'nope' })).status).toBe(404)
  })

  it('are the owner\'s to make, from the page itself', async () => {
    const { server, ada, admin, invite } = await withAda()
    expect((await ada.post('/api/admin/workspace/invites/create', { email: 'a@b.test' })).status, 'without the intent').toBe(403)
    expect((await ada.send('POST', '/api/admin/workspace/invites/create', { email: 'a@b.test' }, { ...ADMIN, origin: 'https://elsewhere.test' })).status).toBe(403)
    expect((await admin('workspace/invites/create', { email: 'a@b.test', role: 'king' })).status).toBe(400)
    const grace = new Client(server.url)
    await grace.post('/api/demo/sign-in', { user: 'grace' })
    await grace.post('/api/demo/accept-invite', { token: (await invite('grace@example.test')).token })
    expect((await admin('workspace/invites/create', { email: 'a@b.test' }, grace)).status, 'an editor').toBe(403)
  })
})

describe('the admin\'s routes', () => {
  it('list, remove and restore workspaces', async () => {
    const { ada, workspaceId, admin } = await withAda()
    const list = await ada.get('/api/admin/workspaces?search=my')
    expect(list.body).toMatchObject({ total: 1, items: [{ id: workspaceId, ownerEmail: 'ada@example.test', memberCount: 1, deleted: false }] })
    const created = (list.body as { items: { createdAt: number }[] }).items[0]?.createdAt ?? 0
    expect(Math.abs(Date.now() - created), 'milliseconds').toBeLessThan(600_000)
    await admin(`workspaces/${workspaceId}/soft-delete`, {})
    expect((await ada.get(`/api/admin/workspaces/${workspaceId}`)).body).toMatchObject({ workspace: { deleted: true } })
    expect((await ada.session())?.workspace.id).not.toBe(workspaceId)
    expect((await ada.post('/api/workspaces/active', { id: workspaceId })).status).toBe(404)
    await admin(`workspaces/${workspaceId}/restore`, {})
    expect((await ada.post('/api/workspaces/active', { id: workspaceId })).status).toBe(200)
    expect((await ada.get('/api/admin/workspaces/nope')).status).toBe(404)
  })

  it('change members with the store\'s own answers', async () => {
    const { ada, admin } = await withAda()
    const members = async () => ((await ada.get('/api/admin/workspace')).body as { members: { userId: string, email: string, role: string }[] }).members
    await admin('workspace/members/upsert', { emailOrProviderId: 'linus', provider: 'demo', role: 'viewer' })
    const [me, added] = await members()
    expect(added?.role).toBe('viewer')
    expect(await admin('workspace/members/set-role', { userId: me?.userId, role: 'viewer' })).toMatchObject({ status: 409, statusText: 'Cannot demote the last workspace owner. Transfer ownership first.' })
    expect((await admin('workspace/members/remove', { userId: added?.userId })).status).toBe(200)
    expect(await members()).toHaveLength(1)
    await admin('workspace/guest-access/set', { enabled: true })
    expect((await ada.get('/api/admin/workspace')).body).toMatchObject({ guestAccessEnabled: true })
  })

  it('grant admin rights that take effect in sessions (A14)', async () => {
    const { server, ada, admin } = await withAda()
    const grace = new Client(server.url)
    await grace.signIn('grace')
    expect((await grace.get('/api/admin/workspaces')).status).toBe(403)
    const { users } = (await ada.get('/api/admin/search-users?q=grace')).body as { users: { userId: string }[] }
    const userId = users[0]?.userId
    await admin('admin-users/grant', { userId })
    expect((await grace.get('/api/admin/workspaces')).status).toBe(200)
    expect((await ada.get('/api/admin/admin-users')).body).toMatchObject({ admins: [{ userId, email: 'grace@example.test' }] })
    await admin('admin-users/revoke', { userId })
    expect((await grace.get('/api/admin/workspaces')).status).toBe(403)
  })

  it('show status, run actions, and have run maintenance at the start', async () => {
    const { server, ada, workspaceId, admin } = await withAda()
    const { body } = await ada.get('/api/admin/system/status')
    expect(body).toMatchObject({ sync: { provider: 'sqlite', status: { warnings: [], details: { driver: 'better-sqlite3' } }, maintenance: { enabled: true } } })
    expect(await admin('system/provider-action', { kind: 'sync', actionId: 'sync.gc-change-log' })).toMatchObject({ status: 200, body: { ok: true, result: { workspaceId } } })
    expect((await admin('system/provider-action', { kind: 'sync', actionId: 'nope' })).status).toBe(400)
    expect((await admin('system/provider-action', { kind: 'storage', actionId: 'x' })).status).toBe(501)
    const health = await new Client(server.url).get('/api/health?deep=true')
    expect(health.body).toMatchObject({ sync: { available: true } })
    expect(JSON.stringify(health.body)).not.toContain(server.path.split('/')[2])
  })
})
