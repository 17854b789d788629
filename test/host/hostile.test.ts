import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findLeak } from '../support/leaks'
import { op } from '../support/ops'
import { messageOp } from '../support/rows'
import type { RunningServer } from '../support/server'
import { Client, startServer } from '../support/server'
import { spoil, spoilWith, wireGarbage } from '../torture/fuzz/garbage'

const ADMIN = { 'x-or3-admin-intent': 'admin' }
const RUNS = Number(process.env.OR3_TORTURE_RUNS ?? 1500)
const SEED = Number(process.env.OR3_TORTURE_SEED ?? 20_261_121)
/** An answer that takes longer than this is no answer. */
const PATIENCE_MS = 5000

interface Route { method: string, path: string, body?: unknown, headers?: Record<string, string> }

function routesOf(workspaceId: string): Route[] {
  const scope = { workspaceId }
  const post = (path: string, body: unknown, headers?: Record<string, string>): Route => ({ method: 'POST', path, body, ...headers ? { headers } : {} })
  return [
    post('/api/sync/push', { scope, ops: [messageOp(), op({ table: 'kv', pk: 'k' }), op({ table: 'notifications', pk: 'n' }), messageOp({ operation: 'delete' })] }),
    post('/api/sync/pull', { scope, cursor: 0, limit: 10, tables: ['messages'] }),
    post('/api/sync/snapshot', { scope, pageSize: 10, pageToken: 'x', tables: ['messages'] }),
    post('/api/sync/update-cursor', { scope, deviceId: 'd', version: 1 }),
    post('/api/sync/gc-change-log', { scope, retentionSeconds: 3600 }),
    post('/api/sync/gc-tombstones', { scope, retentionSeconds: 3600 }),
    post('/api/workspaces', { name: 'N', description: 'd' }),
    post('/api/workspaces/active', { id: workspaceId }),
    { method: 'PATCH', path: `/api/workspaces/${workspaceId}`, body: { name: 'N', description: null } },
    post('/api/webhooks', { url: 'http://127.0.0.1:9/x', label: 'l', events: ['message.created'] }),
    post('/api/jobs', { threadId: 't', messageId: 'm', prompt: 'p', idempotencyKey: 'i' }),
    post('/api/connect/device/start', { host: { name: 'laptop', platform: 'linux' } }),
    post('/api/connect/device/token', { deviceCode: 'x' }),
    post('/api/connect/device/approve', { code: 'x', name: 'n' }),
    post('/api/connect/device/deny', { code: 'x' }),
    post('/api/connect/environments/remove', { environmentId: 'x' }),
    post('/api/demo/accept-invite', { token: 'x' }),
    post('/api/admin/workspace/invites/create', { email: 'a@b.test', role: 'editor' }, ADMIN),
    post('/api/admin/workspace/invites/revoke', { inviteId: 'x' }, ADMIN),
    post('/api/admin/workspace/members/upsert', { emailOrProviderId: 'a@b.test', role: 'viewer' }, ADMIN),
    post('/api/admin/workspace/members/set-role', { userId: 'x', role: 'viewer' }, ADMIN),
    post('/api/admin/workspace/members/remove', { userId: 'x' }, ADMIN),
    post('/api/admin/admin-users/grant', { userId: 'x' }, ADMIN),
    post('/api/admin/admin-users/revoke', { userId: 'x' }, ADMIN),
    post('/api/admin/system/provider-action', { provider: 'sqlite', actionId: 'sync.gc-change-log', payload: { retentionSeconds: 3600 } }, ADMIN),
  ]
}

async function ask(server: RunningServer, client: Client, { method, path, body, headers }: Route): Promise<number> {
  const answer = await Promise.race([
    client.send(method, path, body, headers),
    new Promise<never>((_, fail) => setTimeout(fail, PATIENCE_MS, new Error(`${path} does not answer`)).unref()),
  ])
  expect(answer.status, `${method} ${path} ${JSON.stringify(answer.body)}`).toBeLessThan(500)
  expect(findLeak(`${answer.statusText} ${JSON.stringify(answer.body) ?? ''}`)).toBeUndefined()
  return answer.status
}

/** The most memory the server has ever had, in MiB. */
function peakMemory(server: RunningServer): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))?.[1]) / 1024
}

describe('requests that are not what they should be', () => {
  it('are answered below 500, in time, with nothing of the server in it', async () => {
    const server = await startServer({ env: { NUXT_CONNECT_ENABLED: 'true' } })
    const ada = new Client(server.url)
    const routes = routesOf(await ada.signIn('ada'))
    const statuses = new Map<number, number>()
    await fc.assert(fc.asyncProperty(fc.nat(routes.length - 1), fc.array(spoilWith(wireGarbage), { minLength: 1, maxLength: 2 }), async (index, spoils) => {
      const route = routes[index]
      if (!route) return
      const body = spoils.reduce<unknown>((value, next) => spoil(value, next), route.body)
      const status = await ask(server, ada, { ...route, body: JSON.stringify(body) })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }), { numRuns: RUNS, seed: SEED })
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400]))
    expect((await ada.get('/api/health')).status).toBe(200)
    expect(peakMemory(server)).toBeLessThan(600)
  })

  it('are no JSON, too deep, too large, packed, or say they are something else', async () => {
    const server = await startServer()
    const ada = new Client(server.url)
    const scope = { workspaceId: await ada.signIn('ada') }
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    const texts = [
      '', 'null', '"', '{', '[]', '\0', '{"scope":', deep, `{"scope":${JSON.stringify(scope)},"ops":${deep}}`,
      `{"__proto__":{"polluted":true},"scope":${JSON.stringify(scope)},"ops":[]}`,
      `{"scope":${JSON.stringify(scope)},"cursor":1e400,"limit":-1e400}`, `{"scope":${JSON.stringify(scope)},"cursor":${'9'.repeat(5000)},"limit":1}`,
      `{"scope":${JSON.stringify(scope)},"ops":[${'{},'.repeat(100_000)}{}]}`, 'x'.repeat(2 * 1024 * 1024), 'x'.repeat(2 * 1024 * 1024 + 1),
    ]
    for (const path of ['push', 'pull', 'snapshot', 'update-cursor']) {
      for (const text of texts) {
        if (text.length > 2 * 1024 * 1024) expect(await sendRaw(server, { 'content-type': 'application/json' }, Buffer.from(text), path)).toBe(413)
        else await ask(server, ada, { method: 'POST', path: `/api/sync/${path}`, body: text })
      }
    }
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20))
    for (const [encoding, body] of [['gzip', bomb], ['gzip', Buffer.from('no gzip')], ['br', Buffer.from('x')], ['identity', Buffer.from('{}')]] as const) {
      expect(await sendRaw(server, { 'content-encoding': encoding, 'content-type': 'application/json' }, body)).toBeLessThan(500)
    }
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded', 'application/json; charset=utf-16']) {
      expect(await sendRaw(server, { 'content-type': type }, Buffer.from('{"a":1}'))).toBeLessThan(500)
    }
    for (const id of ['%00', '..%2F..%2Fetc', '\'%20OR%201=1', '%E0%A4%A', 'x'.repeat(8000)]) {
      expect((await ada.get(`/api/jobs/${id}/status`)).status).toBeLessThan(500)
      expect((await ada.send('DELETE', `/api/workspaces/${id}`)).status).toBeLessThan(500)
      expect((await ada.send('DELETE', `/api/webhooks/${id}`)).status).toBeLessThan(500)
    }
    expect(peakMemory(server)).toBeLessThan(600)
    expect((await ada.post('/api/sync/pull', { scope, cursor: 0, limit: 10 })).body).toMatchObject({ changes: [] })
  })
})

function sendRaw({ url }: RunningServer, headers: Record<string, string>, body: Buffer, route = 'push'): Promise<number> {
  return new Promise((settle, fail) => {
    const sent = request(`${url}/api/sync/${route}`, { method: 'POST', headers: { ...headers, 'cookie': 'or3_demo_user=ada', 'content-length': body.length } }, (response) => {
      response.resume()
      response.on('end', () => settle(response.statusCode ?? 0))
    })
    // A server may close the connection on a body that it does not want.
    sent.on('error', error => 'code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET') ? settle(413) : fail(error))
    sent.end(body)
  })
}

describe('who may do what', () => {
  const PEOPLE = ['owner', 'editor', 'viewer', 'elsewhere', 'nobody'] as const
  type Person = typeof PEOPLE[number]

  /** The status for each of PEOPLE, in that order. */
  const EXPECTED: readonly (readonly [route: (workspaceId: string) => Route, ...statuses: number[]])[] = [
    [workspaceId => post('/api/sync/push', { scope: { workspaceId }, ops: [messageOp()] }), 200, 200, 403, 403, 401],
    [workspaceId => post('/api/sync/pull', { scope: { workspaceId }, cursor: 0, limit: 10 }), 200, 200, 200, 403, 401],
    [workspaceId => post('/api/sync/snapshot', { scope: { workspaceId }, pageSize: 10 }), 200, 200, 200, 403, 401],
    [workspaceId => post('/api/sync/update-cursor', { scope: { workspaceId }, deviceId: 'd', version: 0 }), 200, 200, 200, 403, 401],
    [workspaceId => post('/api/sync/gc-change-log', { scope: { workspaceId }, retentionSeconds: 3600 }), 200, 403, 403, 403, 401],
    [workspaceId => post('/api/sync/gc-tombstones', { scope: { workspaceId }, retentionSeconds: 3600 }), 200, 403, 403, 403, 401],
    [workspaceId => ({ method: 'PATCH', path: `/api/workspaces/${workspaceId}`, body: { name: 'Team' } }), 200, 200, 403, 403, 401],
    [workspaceId => post('/api/workspaces/active', { id: workspaceId }), 200, 200, 200, 403, 401],
  ]

  function post(path: string, body: unknown): Route {
    return { method: 'POST', path, body }
  }

  async function withPeople() {
    const server = await startServer()
    const signedIn = async (user: string) => {
      const client = new Client(server.url)
      await client.post('/api/demo/sign-in', { user })
      return client
    }
    const owner = await signedIn('ada')
    const workspaceId = (await owner.session())?.workspace.id ?? ''
    const admin = (path: string, body: unknown, client = owner) => client.send('POST', `/api/admin/workspace/${path}`, body, ADMIN)
    const join = async (user: string, role: string) => {
      const member = await signedIn(user)
      const { body } = await admin('invites/create', { email: `${user}@example.test`, role })
      await member.post('/api/demo/accept-invite', { token: (body as { invite: { token: string } }).invite.token })
      return member
    }
    return { server, owner, workspaceId, admin, join, signedIn }
  }

  it('is told by the role, route by route', async () => {
    const { server, owner, workspaceId, admin, join, signedIn } = await withPeople()
    const elsewhere = await signedIn('linus')
    expect((await elsewhere.session())?.workspace.id).not.toBe(workspaceId)
    const statuses = async (person: Person, client: Client, removed = false) => {
      for (const [route, ...expected] of EXPECTED) {
        const { method, path, body } = route(workspaceId)
        const status = removed && path.startsWith('/api/workspaces') ? 404 : expected[PEOPLE.indexOf(person)]
        expect.soft((await client.send(method, path, body)).status, `${person}: ${method} ${path}`).toBe(status)
      }
      const intruding = await admin('members/set-role', { userId: 'x', role: 'owner' }, client)
      expect.soft(intruding.status, `${person}: set-role`).toBe({ owner: 404, editor: 403, viewer: 403, elsewhere: 404, nobody: 401 }[person])
    }
    await statuses('elsewhere', elsewhere)
    await statuses('nobody', new Client(server.url))
    const editor = await join('grace', 'editor')
    await statuses('editor', editor)
    await statuses('viewer', await join('linus', 'viewer'))
    await statuses('owner', owner)

    // Who was removed is somebody from elsewhere, at once; so is everybody once the workspace is.
    const { user } = await editor.session() ?? { user: { id: '' } }
    expect((await admin('members/remove', { userId: user.id })).status).toBe(200)
    await statuses('elsewhere', editor)
    expect((await owner.send('DELETE', `/api/workspaces/${workspaceId}`)).status).toBe(200)
    await statuses('elsewhere', owner, true)
  })

  it('is not told apart by what exists: a workspace of others and one that was never there answer alike', async () => {
    const { workspaceId, signedIn } = await withPeople()
    const grace = await signedIn('grace')
    await grace.session()
    const answers = await Promise.all([workspaceId, randomUUID()].map(async (id) => {
      const { status, statusText, body } = await grace.post('/api/sync/pull', { scope: { workspaceId: id }, cursor: 0, limit: 10 })
      return { status, statusText, body: { ...body as object, stack: undefined } }
    }))
    expect(answers[0]).toEqual(answers[1])
  })

  it('is kept when one op id is used by two workspaces (F17)', async () => {
    const { owner, workspaceId, signedIn } = await withPeople()
    const grace = await signedIn('grace')
    const other = (await grace.session())?.workspace.id ?? ''
    const ours = messageOp({ pk: 'ours', text: 'ours' })
    const theirs = { ...messageOp({ pk: 'theirs', text: 'theirs' }), stamp: ours.stamp }
    await owner.post('/api/sync/push', { scope: { workspaceId }, ops: [ours] })
    const { body } = await grace.post('/api/sync/push', { scope: { workspaceId: other }, ops: [theirs] })
    expect(body).toMatchObject({ results: [{ success: true, applied: true, serverVersion: 1 }] })
    expect(JSON.stringify(body)).not.toContain('ours')
  })
})

describe('what is secret', () => {
  it('is in no file of the server: codes and tokens are kept as hashes, and no answer repeats them', async () => {
    const server = await startServer({ env: { NUXT_CONNECT_ENABLED: 'true' } })
    const ada = new Client(server.url)
    await ada.signIn('ada')
    const invite = await ada.send('POST', '/api/admin/workspace/invites/create', { email: 'b@example.test', role: 'editor' }, ADMIN)
    const { token } = (invite.body as { invite: { token: string } }).invite
    const started = await ada.post('/api/connect/device/start', { host: { name: 'laptop', platform: 'linux' } })
    expect(started.status).toBe(201)
    const codes = Object.values(started.body as object).filter((value): value is string => typeof value === 'string' && /^[\w-]{6,}$/.test(value))
    expect(codes.length).toBeGreaterThan(1)
    const listed = JSON.stringify((await ada.get('/api/admin/workspace/invites/list')).body)
    await server.stop()
    const file = readFileSync(server.path).toString('latin1')
    const secret = token.split('.').at(-1) ?? token
    for (const code of [secret, ...codes]) {
      expect(file.includes(code), 'a code is in the file').toBe(false)
      expect(server.output()).not.toContain(code)
    }
    expect(listed).not.toContain(secret)
  })
})
