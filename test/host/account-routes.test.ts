import { randomUUID } from 'node:crypto'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { Client, startServer } from '../support/server'

describe('sign-in and session', () => {
  it('nobody, then Ada in her own workspace, the same each time', async () => {
    const server = await startServer()
    const client = new Client(server.url)
    const nobody = await client.get('/api/auth/session')
    expect(nobody).toMatchObject({ status: 200, body: { session: null } })
    expect(nobody.headers.get('cache-control')).toBe('no-store')
    expect((await client.post('/api/demo/sign-in', { user: 'ada' })).body).toEqual({ user: 'ada' })
    const first = await client.session()
    expect(first).toMatchObject({ role: 'owner', workspace: { name: 'My Workspace' } })
    expect(await client.session()).toEqual(first)
  })

  it('400 for who is not on the list', async () => {
    const server = await startServer()
    const client = new Client(server.url)
    for (const body of [{ user: 'mallory' }, { user: '__proto__' }, {}, [], '{']) expect((await client.post('/api/demo/sign-in', body)).status).toBe(400)
    expect((await client.send('GET', '/api/auth/session', undefined, { cookie: 'or3_demo_user=mallory' })).body).toEqual({ session: null })
  })

  it('many first requests at once make one user and one workspace (A1, A2)', async () => {
    const server = await startServer()
    const client = new Client(server.url)
    await client.post('/api/demo/sign-in', { user: 'linus' })
    const sessions = await Promise.all(Array.from({ length: 20 }, () => client.session()))
    expect(new Set(sessions.map(session => JSON.stringify(session))).size).toBe(1)
    const db = new Database(server.path, { readonly: true })
    expect(db.prepare('SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM workspaces)').raw().get()).toEqual([1, 1])
    db.close()
  })

  it('429 after 60 a minute', async () => {
    const server = await startServer({ env: { DISABLE_RATE_LIMIT: '' } })
    const client = new Client(server.url)
    for (let call = 0; call < 60; call++) expect((await client.get('/api/auth/session')).status).toBe(200)
    expect((await client.get('/api/auth/session')).status).toBe(429)
  })

  it('404 while auth is off, and no file is opened', async () => {
    const server = await startServer({ env: { NUXT_AUTH_ENABLED: 'false' } })
    const client = new Client(server.url)
    for (const path of ['/api/auth/session', '/api/workspaces']) expect((await client.get(path)).status).toBe(404)
    expect((await client.post('/api/demo/sign-in', { user: 'ada' })).status).toBe(404)
    expect(() => new Database(server.path, { fileMustExist: true })).toThrow()
    expect(await server.stop()).toBe(0)
  })

  it('500 where no store is registered, and no start at all where the configuration is strict', async () => {
    const server = await startServer({ env: { NUXT_SYNC_PROVIDER: 'other' }, hostLogsErrors: true })
    const client = new Client(server.url)
    await client.post('/api/demo/sign-in', { user: 'ada' })
    expect(await client.get('/api/auth/session')).toMatchObject({ status: 500, statusText: 'AuthWorkspaceStore not registered for provider "other"' })
    await expect(startServer({ env: { NUXT_SYNC_PROVIDER: 'other', OR3_STRICT_CONFIG: 'true' }, hostLogsErrors: true })).rejects.toThrow('Provider registration validation failed')
    await startServer({ env: { OR3_STRICT_CONFIG: 'true' } })
  })

  it('works with sync off (A13)', async () => {
    const server = await startServer({ env: { NUXT_SYNC_ENABLED: 'false', OR3_STRICT_CONFIG: 'true' } })
    expect(await new Client(server.url).signIn('ada')).toBeTypeOf('string')
  })
})

describe('workspaces', () => {
  it('are made, listed, opened, renamed and removed', async () => {
    const server = await startServer()
    const client = new Client(server.url)
    const home = await client.signIn('ada')
    const created = await client.post('/api/workspaces', { name: 'Research', description: 'Papers' })
    expect(created.status).toBe(200)
    const { id } = created.body as { id: string }
    expect((await client.session())?.workspace.id).toBe(home)
    expect((await client.get('/api/workspaces')).body).toMatchObject({ workspaces: [{ id, name: 'Research', description: 'Papers', role: 'owner', isActive: false }, { id: home, description: null, isActive: true }] })
    expect((await client.post('/api/workspaces/active', { id })).body).toEqual({ ok: true })
    expect((await client.session())?.workspace).toEqual({ id, name: 'Research' })
    expect((await client.send('PATCH', `/api/workspaces/${id}`, { name: 'Reading', description: null })).body).toEqual({ ok: true })
    expect((await client.get('/api/workspaces')).body).toMatchObject({ workspaces: [{ name: 'Reading', description: null }, {}] })
    expect((await client.send('DELETE', `/api/workspaces/${id}`)).body).toEqual({ ok: true })
    expect((await client.session())?.workspace.id).toBe(home)
    expect((await client.post('/api/workspaces/active', { id })).status).toBe(404)
  })

  it('the last one removed leaves its owner in a new one', async () => {
    const server = await startServer()
    const client = new Client(server.url)
    const home = await client.signIn('ada')
    await client.send('DELETE', `/api/workspaces/${home}`)
    const next = await client.session()
    expect(next?.workspace.name).toBe('My Workspace')
    expect(next?.workspace.id).not.toBe(home)
    expect((await client.post('/api/sync/pull', { scope: { workspaceId: home }, cursor: 0, limit: 1 })).status).toBe(403)
  })

  it('400 with the reason', async () => {
    const server = await startServer()
    const client = new Client(server.url)
    await client.signIn('ada')
    const refused: [unknown, string][] = [
      [{}, 'Workspace name is required'], [{ name: ' ' }, 'Workspace name is required'], [{ name: 7 }, 'Workspace name is required'], [{ name: 'x'.repeat(101) }, 'Workspace name must be under 100 characters'],
      [{ name: 'x', description: 'd'.repeat(1001) }, 'Description must be under 1000 characters'], ['{', 'Invalid workspace request'],
    ]
    for (const [body, statusText] of refused) {
      expect(await client.post('/api/workspaces', body)).toMatchObject({ status: 400, statusText })
      expect(await client.send('PATCH', `/api/workspaces/${randomUUID()}`, body)).toMatchObject({ status: 400, statusText })
    }
    expect(await client.post('/api/workspaces/active', {})).toMatchObject({ status: 400, statusText: 'Workspace id is required' })
  })

  it('401 without a session, 403 for a stranger', async () => {
    const server = await startServer()
    const ada = new Client(server.url)
    const id = await ada.signIn('ada')
    const nobody = new Client(server.url)
    const grace = new Client(server.url)
    await grace.signIn('grace')
    for (const [method, path, body] of [['GET', '', undefined], ['POST', '', { name: 'x' }], ['PATCH', `/${id}`, { name: 'x' }], ['DELETE', `/${id}`, undefined], ['POST', '/active', { id }]] as const) {
      expect((await nobody.send(method, `/api/workspaces${path}`, body)).status).toBe(401)
      if (path !== '') expect(await grace.send(method, `/api/workspaces${path}`, body)).toMatchObject({ status: 403, statusText: 'Forbidden: not a member of this workspace' })
    }
    expect((await ada.session())?.workspace).toEqual({ id, name: 'My Workspace' })
  })
})
