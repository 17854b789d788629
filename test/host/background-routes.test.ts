import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:http'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { messageOp, threadOp } from '../support/rows'
import { Client, startServer } from '../support/server'

const until = <Result>(check: () => Promise<Result> | Result) => vi.waitFor(check, { timeout: 20_000, interval: 50 })

async function withAda(options: Parameters<typeof startServer>[0] = {}) {
  const server = await startServer(options)
  const ada = new Client(server.url)
  const workspaceId = await ada.signIn('ada')
  return { server, ada, workspaceId, scope: { workspaceId } }
}

interface Call {
  headers: IncomingMessage['headers']
  body: string
}

/** Somebody's own server that hears of events; answers with the statuses it is given, then 200. */
async function startListener(...statuses: number[]) {
  const calls: Call[] = []
  const listener = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => (body += String(chunk)))
    request.on('end', () => {
      calls.push({ headers: request.headers, body })
      response.writeHead(statuses.shift() ?? 200).end('thanks')
    })
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  onTestFinished(() => void listener.close())
  const address = listener.address()
  return { calls, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/hook` }
}

describe('webhooks', () => {
  it('tell a listener of what was pushed, signed, and try again when it fails', async () => {
    const { server, ada, scope } = await withAda()
    const { calls, url } = await startListener(500)
    const created = await ada.post('/api/webhooks', { url, label: 'Mine', events: ['message.created'] })
    const { webhook, signing_secret: secret } = created.body as { webhook: { id: string }, signing_secret: string }
    expect(JSON.stringify((await ada.get('/api/webhooks')).body), 'told once').not.toContain(secret)
    await ada.post('/api/sync/push', { scope, ops: [threadOp(), messageOp({ text: 'hello hook' }), messageOp({ clock: 2 })] })
    await ada.post('/api/sync/push', { scope, ops: [messageOp({ pk: 'm2', text: 'hello hook' })] })
    await until(() => expect(calls).toHaveLength(3))
    for (const { headers, body } of calls) {
      const [, time, signature] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(String(headers['x-or3-signature'])) ?? []
      expect(signature).toBe(createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'))
      expect(JSON.parse(body)).toMatchObject({ type: 'message.created', data: { workspace_id: scope.workspaceId, data: { content: expect.any(String) as unknown } } })
    }
    await until(async () => expect(((await ada.get(`/api/webhooks/${webhook.id}/logs?since=0`)).body as { logs: object[] }).logs).toEqual([
      expect.objectContaining({ status: 'success', http_status: 200, response_body: 'thanks' }), expect.objectContaining({ status: 'success' }),
    ]))
    const grace = new Client(server.url)
    await grace.signIn('grace')
    expect((await grace.get(`/api/webhooks/${webhook.id}/logs`)).status).toBe(403)
    expect((await ada.send('DELETE', `/api/webhooks/${webhook.id}`)).status).toBe(200)
    await ada.post('/api/sync/push', { scope, ops: [messageOp({ pk: 'm3' })] })
    expect((await ada.get(`/api/webhooks/${webhook.id}/logs`)).status).toBe(404)
  })

  it('that were on their way when the server ended are sent by the next one', async () => {
    const { calls, url } = await startListener()
    const first = await withAda({ env: { NUXT_AUTH_SESSION_CACHE_TTL_MS: '0' } })
    await first.ada.post('/api/webhooks', { url, events: ['thread.created'] })
    await first.ada.post('/api/sync/push', { scope: first.scope, ops: [threadOp()] })
    await first.server.stop()
    await withAda({ path: first.server.path })
    await until(() => expect(calls.length).toBeGreaterThan(0))
    expect(calls).toHaveLength(1)
  })
})

describe('a paired computer', () => {
  it('shows a code, is approved, gets its credential, and is removed', async () => {
    const { server, ada } = await withAda()
    const computer = new Client(server.url)
    const started = await computer.post('/api/connect/device/start', { host: { name: 'studio', platform: 'linux' } })
    expect(started).toMatchObject({ status: 201, body: { interval: 3, expiresIn: 600 } })
    const { deviceCode, userCode } = started.body as { deviceCode: string, userCode: string }
    const ask = async () => (await computer.post('/api/connect/device/token', { deviceCode })).body as { status: string, credential?: string }
    expect(await ask()).toEqual({ status: 'pending', retryAfter: 3 })
    expect((await ada.get(`/api/connect/device/request?code=${userCode}`)).body).toEqual({ computer: { name: 'studio', platform: 'linux' } })
    const approve = (code: string, headers: Record<string, string> = { 'x-or3-connect-intent': 'approve' }) => ada.send('POST', '/api/connect/device/approve', { code }, headers)
    expect((await approve(userCode, {})).status).toBe(403)
    expect((await approve('ZZZZ-ZZZZ')).status).toBe(404)
    const approved = await approve(userCode.toLowerCase())
    expect(approved).toMatchObject({ status: 200, body: { connected: true, environment: { name: 'studio' } } })
    expect((await approve(userCode)).body, 'twice is once').toEqual(approved.body)
    await until(async () => expect(await ask()).toMatchObject({ status: 'approved', credential: expect.stringMatching(/^demo-credential:/) as unknown }))
    const { environments } = (await ada.get('/api/connect/environments')).body as { environments: { id: string }[] }
    expect(environments).toMatchObject([{ name: 'studio', online: true, hostname: expect.stringContaining('relay.example') as unknown }])
    const remove = (client: Client) => client.send('POST', '/api/connect/environments/remove', { environmentId: environments[0]?.id }, { 'x-or3-connect-intent': 'remove' })
    const grace = new Client(server.url)
    await grace.signIn('grace')
    expect((await remove(grace)).status).toBe(404)
    expect((await remove(ada)).body).toEqual({ revoked: true })
    expect((await remove(ada)).body).toEqual({ revoked: true })
    expect(await ask()).toEqual({ status: 'expired' })
    expect((await ada.get('/api/connect/environments')).body).toEqual({ environments: [] })
  })

  it('is one of three, can be denied, and is kept from asking too often', async () => {
    const { server, ada } = await withAda()
    const start = async () => (await new Client(server.url).post('/api/connect/device/start', { host: { name: 'pc' } })).body as { deviceCode: string, userCode: string }
    const act = (what: 'approve' | 'deny', code: string) => ada.send('POST', `/api/connect/device/${what}`, { code }, { 'x-or3-connect-intent': what })
    for (let computer = 0; computer < 3; computer++) expect((await act('approve', (await start()).userCode)).status).toBe(200)
    expect(await act('approve', (await start()).userCode)).toMatchObject({ status: 409, statusText: 'This account already has 3 connected computers.' })
    const denied = await start()
    expect((await act('deny', denied.userCode)).body).toEqual({ denied: true })
    expect((await ada.post('/api/connect/device/token', { deviceCode: denied.deviceCode })).body).toEqual({ status: 'denied' })
    const statuses = await Promise.all(Array.from({ length: 8 }, () => ada.post('/api/connect/device/start', { host: { name: 'pc' } })))
    expect(statuses.filter(({ status }) => status === 201)).toHaveLength(5)
    expect(statuses.find(({ status }) => status === 429)?.headers.get('retry-after')).toMatch(/^\d+$/)
  })

  it('is not offered while Connect is off', async () => {
    const { ada } = await withAda({ env: { NUXT_CONNECT_ENABLED: 'false' } })
    expect((await ada.post('/api/connect/device/start', { host: { name: 'pc' } })).status).toBe(404)
  })
})

describe('a background job', () => {
  const start = async (client: Client, extra: object = {}) =>
    ((await client.post('/api/jobs', { threadId: 't1', messageId: 'm1', prompt: 'Why SQLite?', ...extra })).body as { jobId: string }).jobId

  it('streams its answer and tells nobody who watched', async () => {
    const { server, ada, scope } = await withAda()
    const id = await start(ada)
    const stream = await (await fetch(new URL(`/api/jobs/${id}/stream`, server.url), { headers: { cookie: 'or3_demo_user=ada' } })).text()
    const deltas = [...stream.matchAll(/event: delta\ndata: (.*)/g)].map(match => (JSON.parse(match[1] ?? '') as { content: string }).content)
    expect(deltas.length).toBeGreaterThan(5)
    const { body } = await ada.get(`/api/jobs/${id}/status`)
    expect(body).toMatchObject({ status: 'complete', content: deltas.join('') })
    expect(body).not.toHaveProperty('execution')
    expect(stream).toContain('"status":"complete"')
    expect((await ada.get(`/api/jobs/${id}/status?offset=4`)).body).toMatchObject({ content_delta: deltas.join('').slice(4), content_length: deltas.join('').length })
    expect((await ada.post('/api/sync/pull', { scope, cursor: 0, limit: 10 })).body).toMatchObject({ changes: [] })
    const grace = new Client(server.url)
    await grace.signIn('grace')
    expect((await grace.get(`/api/jobs/${id}/status`)).status).toBe(404)
  })

  it('goes on after the server that ran it, and notifies who was not watching', async () => {
    const first = await withAda()
    const id = await start(first.ada, { idempotencyKey: 'once' })
    expect(await start(first.ada, { idempotencyKey: 'once' })).toBe(id)
    const contentOf = async (client: Client) => (await client.get(`/api/jobs/${id}/status`)).body as { status: string, content: string }
    await until(async () => expect((await contentOf(first.ada)).content.length).toBeGreaterThan(10))
    first.server.process.kill('SIGKILL')
    await first.server.stop()
    const kept = await withAda({ path: first.server.path })
    const before = await contentOf(kept.ada)
    expect(before).toMatchObject({ status: 'streaming' })
    // The dead server's lease is what it waits for: nobody else may work on the job before it ends.
    const { default: Database } = await import('better-sqlite3')
    const db = new Database(first.server.path)
    db.exec('UPDATE background_jobs SET lease_expires_at = 0')
    db.close()
    await until(async () => expect((await contentOf(kept.ada)).status).toBe('complete'))
    expect((await contentOf(kept.ada)).content.startsWith(before.content)).toBe(true)
    await until(async () => expect((await kept.ada.post('/api/sync/pull', { scope: kept.scope, cursor: 0, limit: 10 })).body).toMatchObject({
      changes: [{ tableName: 'notifications', payload: { type: 'ai.message.received', thread_id: 't1' }, stamp: { deviceId: 'server' } }],
    }))
  })

  it('can be stopped, and is one of a few', async () => {
    const { ada } = await withAda()
    const ids = await Promise.all(Array.from({ length: 5 }, () => start(ada)))
    expect(await ada.post('/api/jobs', { threadId: 't', messageId: 'm', prompt: 'x' })).toMatchObject({ status: 429, statusText: 'Maximum concurrent background jobs reached' })
    expect((await ada.post(`/api/jobs/${ids[4]}/abort`)).body).toEqual({ aborted: true })
    expect((await ada.post(`/api/jobs/${ids[4]}/abort`)).body).toMatchObject({ aborted: false })
    expect((await ada.get(`/api/jobs/${ids[4]}/status`)).body).toMatchObject({ status: 'aborted' })
  })
})
