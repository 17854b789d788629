import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { PendingOp } from '../../src/runtime/server/host/contract'
import { messageOp, threadOp } from '../support/rows'
import { Client, startServer } from '../support/server'
import type { RunningServer } from '../support/server'

async function signedIn(options: Parameters<typeof startServer>[0] = {}, user = 'ada') {
  const server = await startServer(options)
  const client = new Client(server.url)
  const workspaceId = await client.signIn(user)
  return { server, client, workspaceId, scope: { workspaceId } }
}

/** Makes `user` a member of a workspace with a role, and opens it for them: invites come later. */
function join(server: RunningServer, workspaceId: string, userId: string, role: string): void {
  const db = new Database(server.path)
  db.prepare('INSERT INTO workspace_members VALUES (?, ?, ?, 1)').run(workspaceId, userId, role)
  db.prepare('UPDATE users SET active_workspace_id = ? WHERE id = ?').run(workspaceId, userId)
  db.close()
}

/** Sends a body without saying how long it is. Returns the status. */
function sendInPieces(url: string, path: string, body: string): Promise<number | undefined> {
  return new Promise((settle, fail) => {
    const sending = request(new URL(path, url), { method: 'POST', headers: { 'transfer-encoding': 'chunked' } }, (response) => {
      settle(response.statusCode)
      response.resume()
      sending.destroy()
    })
    sending.on('error', fail)
    for (let start = 0; start < body.length; start += 65_536) sending.write(body.slice(start, start + 65_536))
  })
}

describe('POST /api/sync/push', () => {
  it('200: writes, and pull gives it to the next device', async () => {
    const { client, scope } = await signedIn()
    const ops = [threadOp(), messageOp()]
    const pushed = await client.post('/api/sync/push', { scope, ops })
    expect(pushed).toMatchObject({ status: 200, body: { serverVersion: 2, results: ops.map((op, index) => ({ opId: op.stamp.opId, success: true, serverVersion: index + 1, applied: true })) } })
    const pulled = await client.post('/api/sync/pull', { scope, cursor: 0, limit: 300 })
    expect(pulled.body).toMatchObject({ nextCursor: 2, hasMore: false, requiresSnapshot: false, oldestRetainedVersion: 0, changes: ops.map(op => ({ pk: op.pk, payload: op.payload, stamp: op.stamp })) })
  })

  it('200: answers a bad op by itself and writes the others', async () => {
    const { client, scope } = await signedIn()
    const good = messageOp()
    const bad = messageOp({ pk: 'm2', payload: { id: 'm2', text: 'no thread' } })
    const huge = messageOp({ pk: 'm3', text: 'x'.repeat(262_145) })
    const unknown = messageOp({ pk: 'm4', table: 'users', payload: { id: 'm4' } })
    const { body } = await client.post('/api/sync/push', { scope, ops: [bad, good, huge, unknown, { nonsense: true }] })
    expect(body).toMatchObject({
      serverVersion: 1,
      results: [
        { opId: bad.stamp.opId, success: false, errorCode: 'VALIDATION_ERROR', error: expect.stringMatching(/^Invalid payload for messages: /) },
        { opId: good.stamp.opId, success: true, serverVersion: 1 },
        { opId: huge.stamp.opId, success: false, errorCode: 'OVERSIZED', error: 'Payload too large for messages: exceeds 262144 bytes' },
        { opId: unknown.stamp.opId, success: false, errorCode: 'VALIDATION_ERROR', error: 'Invalid table: users' },
        { opId: 'invalid-op-4', success: false, errorCode: 'VALIDATION_ERROR' },
      ],
    })
  })

  it.each<[string, (op: PendingOp) => unknown]>([
    ['id missing', op => ({ ...op, id: undefined })], ['id a number', op => ({ ...op, id: 7 })], ['id too long', op => ({ ...op, id: 'i'.repeat(257) })],
    ['tableName missing', op => ({ ...op, tableName: undefined })], ['tableName unknown', op => ({ ...op, tableName: 'users' })], ['tableName too long', op => ({ ...op, tableName: 't'.repeat(129) })],
    ['operation missing', op => ({ ...op, operation: undefined })], ['operation unknown', op => ({ ...op, operation: 'upsert' })],
    ['pk missing', op => ({ ...op, pk: undefined })], ['pk empty', op => ({ ...op, pk: '' })], ['pk too long', op => ({ ...op, pk: 'p'.repeat(1025) })], ['pk of another row', op => ({ ...op, pk: 'm2' })], ['pk a list', op => ({ ...op, pk: ['m1'] })],
    ['payload missing', op => ({ ...op, payload: undefined })], ['payload null', op => ({ ...op, payload: null })], ['payload a text', op => ({ ...op, payload: 'x' })], ['payload of another workspace', op => ({ ...op, payload: { ...op.payload as object, workspace_id: 'other' } })],
    ['payload without a required field', op => ({ ...op, payload: { id: 'm1' } })], ['payload too large', op => ({ ...op, payload: { ...op.payload as object, more: 'x'.repeat(262_144) } })],
    ['stamp missing', op => ({ ...op, stamp: undefined })], ['opId no UUID', op => ({ ...op, stamp: { ...op.stamp, opId: 'x' } })], ['deviceId missing', op => ({ ...op, stamp: { ...op.stamp, deviceId: undefined } })],
    ['deviceId blank', op => ({ ...op, stamp: { ...op.stamp, deviceId: ' ' } })], ['deviceId too long', op => ({ ...op, stamp: { ...op.stamp, deviceId: 'd'.repeat(257) } })],
    ['hlc missing', op => ({ ...op, stamp: { ...op.stamp, hlc: undefined } })], ['hlc too long', op => ({ ...op, stamp: { ...op.stamp, hlc: 'h'.repeat(513) } })], ['hlc a number', op => ({ ...op, stamp: { ...op.stamp, hlc: 1 } })],
    ['clock missing', op => ({ ...op, stamp: { ...op.stamp, clock: undefined } })], ['clock negative', op => ({ ...op, stamp: { ...op.stamp, clock: -1 } })], ['clock a fraction', op => ({ ...op, stamp: { ...op.stamp, clock: 0.5 } })], ['clock beyond all bounds', op => ({ ...op, stamp: { ...op.stamp, clock: Number.MAX_SAFE_INTEGER } })],
  ])('200: refuses by itself an op with its %s, and writes nothing of it', async (_what, spoil) => {
    const { client, scope } = await signedIn()
    const version = ((await client.post('/api/sync/push', { scope, ops: [] })).body as { serverVersion: number }).serverVersion
    const good = messageOp({ pk: randomUUID() })
    const { status, body } = await client.post('/api/sync/push', { scope, ops: [spoil(messageOp()), good] })
    expect([status, body]).toMatchObject([200, { serverVersion: version + 1, results: [{ success: false, errorCode: expect.stringMatching(/^(?:VALIDATION_ERROR|OVERSIZED)$/), error: expect.stringMatching(/^(?:Invalid|Payload too large)/) }, { success: true, serverVersion: version + 1 }] }])
    expect((await client.post('/api/sync/pull', { scope, cursor: version, limit: 10 })).body).toMatchObject({ changes: [{ pk: good.pk }], hasMore: false })
  })

  it('200: refuses a payload that nests too deeply, by itself', async () => {
    const { client, scope } = await signedIn()
    const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
    const text = (levels: number) => JSON.stringify({ scope, ops: [messageOp({ text: 'DEEP' }), messageOp({ pk: 'm2' })] }).replace('"DEEP"', nested(levels))
    for (const levels of [300, 100_000]) {
      expect(await client.post('/api/sync/push', text(levels))).toMatchObject({ status: 200, body: { results: [{ success: false, errorCode: 'VALIDATION_ERROR', error: expect.stringMatching(/^Invalid payload for messages: /) }, { success: true }] } })
    }
    expect((await client.post('/api/sync/pull', { scope, cursor: 0, limit: 10 })).body).toMatchObject({ changes: [{ pk: 'm2' }, { pk: 'm2' }] })
  })

  it('200: takes camelCase payloads and gives snake_case back', async () => {
    const { client, scope } = await signedIn()
    const put = messageOp({ payload: { id: 'm1', threadId: 't1', role: 'user', index: 0, orderKey: 'a', deleted: false, createdAt: 1, updatedAt: 1, clock: 1 } })
    expect((await client.post('/api/sync/push', { scope, ops: [put] })).body).toMatchObject({ results: [{ success: true }] })
    expect((await client.post('/api/sync/pull', { scope, cursor: 0, limit: 1 })).body).toMatchObject({ changes: [{ payload: { thread_id: 't1', order_key: 'a' } }] })
  })

  it('200: tells the loser what won', async () => {
    const { client, scope } = await signedIn()
    const winner = messageOp({ clock: 3, text: 'winner' })
    await client.post('/api/sync/push', { scope, ops: [winner] })
    const { body } = await client.post('/api/sync/push', { scope, ops: [messageOp({ clock: 2, text: 'loser' })] })
    expect(body).toMatchObject({ results: [{ success: true, applied: false, payload: winner.payload }] })
  })

  it('400: what is no push', async () => {
    const { client, scope } = await signedIn()
    for (const body of ['{"scope"', '', '[]', '"x"', 'null', {}, { scope }, { scope, ops: 'x' }, { scope: {}, ops: [] }, { scope: { workspaceId: '' }, ops: [] }, { scope: { workspaceId: 'w'.repeat(257) }, ops: [] }, { scope, ops: Array.from({ length: 101 }, () => messageOp()) }]) {
      expect(await client.post('/api/sync/push', body), JSON.stringify(body).slice(0, 60)).toMatchObject({ status: 400, statusText: 'Invalid push request' })
    }
    expect((await client.post('/api/sync/pull', { scope, cursor: 0, limit: 1 })).body).toMatchObject({ changes: [] })
  })

  it('401, 403: strangers, other workspaces and viewers write nothing', async () => {
    const { server, client, scope, workspaceId } = await signedIn()
    const batch = { scope, ops: [messageOp()] }
    expect((await new Client(server.url).post('/api/sync/push', batch)).status).toBe(401)
    const grace = new Client(server.url)
    await grace.signIn('grace')
    expect(await grace.post('/api/sync/push', batch)).toMatchObject({ status: 403, statusText: 'Forbidden' })
    join(server, workspaceId, (await grace.session())?.user.id ?? '', 'viewer')
    expect((await grace.session())?.workspace.id).toBe(workspaceId)
    expect((await grace.post('/api/sync/push', batch)).status).toBe(403)
    expect((await grace.post('/api/sync/pull', { scope, cursor: 0, limit: 10 })).body).toMatchObject({ changes: [] })
    expect((await client.post('/api/sync/push', batch)).status).toBe(200)
  })

  it('413: more than 2 MiB, announced or not', async () => {
    const { server, client, scope } = await signedIn()
    const body = JSON.stringify({ scope, ops: [], ballast: 'x'.repeat(2 * 1024 * 1024) })
    expect((await client.post('/api/sync/push', body)).status).toBe(413)
    expect(await sendInPieces(server.url, '/api/sync/push', body)).toBe(413)
    expect((await client.post('/api/sync/push', { scope, ops: [] })).status).toBe(200)
  })

  it('404: cloud features off', async () => {
    for (const feature of ['NUXT_AUTH_ENABLED', 'NUXT_SYNC_ENABLED']) {
      const server = await startServer({ env: { [feature]: 'false' } })
      for (const route of ['push', 'pull', 'update-cursor', 'gc-tombstones', 'gc-change-log', 'snapshot']) expect((await new Client(server.url).post(`/api/sync/${route}`, {})).status, route).toBe(404)
    }
  })

  it('500: no adapter configured', async () => {
    const { client, scope } = await signedIn({ env: { NUXT_PUBLIC_SYNC_PROVIDER: 'nothing' } })
    expect(await client.post('/api/sync/push', { scope, ops: [messageOp()] })).toMatchObject({ status: 500, statusText: 'Sync adapter not configured' })
    expect((await client.post('/api/sync/pull', { scope, cursor: 0, limit: 1 })).status).toBe(500)
  })

  it('502: an answer that cannot be right', async () => {
    const { server, client, scope } = await signedIn()
    await client.post('/api/sync/push', { scope, ops: [messageOp({ clock: 5 })] })
    const db = new Database(server.path)
    onTestFinished(() => void db.close())
    db.exec('UPDATE s_messages SET payload_json = \'[]\'')
    expect(await client.post('/api/sync/push', { scope, ops: [messageOp({ clock: 1 })] })).toMatchObject({ status: 502, statusText: 'Invalid push response' })
    db.exec('UPDATE change_log SET op_id = \'not-a-uuid\' WHERE server_version = 1')
    expect(await client.post('/api/sync/pull', { scope, cursor: 0, limit: 10 })).toMatchObject({ status: 502, statusText: 'Invalid pull response' })
  })

  it('503 with Retry-After: the database is locked; the same push succeeds later', async () => {
    const { server, client, scope } = await signedIn({ env: { OR3_SQLITE_BUSY_TIMEOUT_MS: '100' } })
    const db = new Database(server.path)
    onTestFinished(() => void db.close())
    const batch = { scope, ops: [messageOp()] }
    db.exec('BEGIN IMMEDIATE')
    const refused = await client.post('/api/sync/push', batch)
    expect(refused).toMatchObject({ status: 503, statusText: 'Database unavailable', body: { message: 'The database is locked by another process.' } })
    expect(refused.headers.get('retry-after')).toBe('2')
    db.exec('COMMIT')
    expect((await client.post('/api/sync/push', batch)).body).toMatchObject({ serverVersion: 1 })
  })
})

describe('the host of February', () => {
  const env = { NUXT_HOST_AGE: 'F' }

  it('refuses a whole batch for one bad payload, and passes the others on', async () => {
    const { client, scope } = await signedIn({ env })
    const bad = messageOp({ pk: 'm2', payload: { id: 'm2' } })
    expect(await client.post('/api/sync/push', { scope, ops: [messageOp(), bad] })).toMatchObject({ status: 400, statusText: expect.stringMatching(/^Invalid payload for messages: /) })
    const { body } = await client.post('/api/sync/push', { scope, ops: [messageOp()] })
    expect(body).toMatchObject({ serverVersion: 1, results: [{ success: true }] })
  })

  it('collects superseded history for an owner, and no one else', async () => {
    const { server, client, scope, workspaceId } = await signedIn({ env })
    await client.post('/api/sync/push', { scope, ops: [messageOp({ clock: 1 }), messageOp({ clock: 2 })] })
    await client.post('/api/sync/update-cursor', { scope, deviceId: 'd', version: 2 })
    const request = { scope, retentionSeconds: 2_592_000 }
    const grace = new Client(server.url)
    await grace.signIn('grace')
    join(server, workspaceId, (await grace.session())?.user.id ?? '', 'editor')
    for (const route of ['gc-change-log', 'gc-tombstones']) {
      expect((await new Client(server.url).post(`/api/sync/${route}`, request)).status).toBe(401)
      expect((await grace.post(`/api/sync/${route}`, request)).status).toBe(403)
      expect(await client.post(`/api/sync/${route}`, { scope })).toMatchObject({ status: 400, statusText: 'Invalid GC request' })
      expect(await client.post(`/api/sync/${route}`, { scope, retentionSeconds: 1 })).toMatchObject({ status: 400, statusText: 'Invalid sync retention window' })
    }
    expect(await client.post('/api/sync/gc-change-log', request)).toMatchObject({ status: 200, body: { changes: 1, cursors: 0, receipts: 0 } })
    expect(await client.post('/api/sync/gc-tombstones', request)).toMatchObject({ status: 200, body: { tombstones: 0 } })
    expect((await client.post('/api/sync/pull', { scope, cursor: 0, limit: 10 })).body).toMatchObject({ changes: [{ serverVersion: 2 }] })
  })

  it('has no snapshot route', async () => {
    const { client, scope } = await signedIn({ env })
    expect((await client.post('/api/sync/snapshot', { scope, pageSize: 10 })).status).toBe(404)
  })
})

describe('POST /api/sync/pull, update-cursor, gc and snapshot of August', () => {
  it.each<[string, object | string]>([
    ['broken JSON', '{'], ['no scope', { cursor: 0, limit: 1 }], ['no cursor', { limit: 1 }], ['a negative cursor', { cursor: -1, limit: 1 }], ['a cursor as text', { cursor: '0', limit: 1 }],
    ['no limit', { cursor: 0 }], ['a limit of 0', { cursor: 0, limit: 0 }], ['a limit beyond 1000', { cursor: 0, limit: 1001 }], ['51 tables', { cursor: 0, limit: 1, tables: Array(51).fill('kv') }],
    ['a table name that is too long', { cursor: 0, limit: 1, tables: ['t'.repeat(129)] }], ['tables as text', { cursor: 0, limit: 1, tables: 'kv' }],
  ])('pull 400: %s', async (what, body) => {
    const { client, scope } = await signedIn()
    const request = typeof body === 'string' || what === 'no scope' ? body : { scope, ...body }
    expect(await client.post('/api/sync/pull', request)).toMatchObject({ status: 400, statusText: 'Invalid pull request' })
  })

  it('pull 401, 403, 413', async () => {
    const { server, client, scope } = await signedIn()
    const request = { scope, cursor: 0, limit: 1 }
    expect((await new Client(server.url).post('/api/sync/pull', request)).status).toBe(401)
    expect((await client.post('/api/sync/pull', { ...request, scope: { workspaceId: randomUUID() } })).status).toBe(403)
    expect((await client.post('/api/sync/pull', { ...request, ballast: 'x'.repeat(8192) })).status).toBe(413)
  })

  it('update-cursor 200, 400, 401, 403; a cursor that goes back or too far is no error (S18)', async () => {
    const { server, client, scope } = await signedIn()
    const path = '/api/sync/update-cursor'
    for (const version of [0, 9_999, 0]) expect(await client.post(path, { scope, deviceId: 'd', version })).toMatchObject({ status: 200, body: { ok: true } })
    for (const body of ['{', { scope }, { scope, deviceId: '', version: 1 }, { scope, deviceId: 'd', version: -1 }, { scope, deviceId: 'd', version: 'x' }]) expect(await client.post(path, body)).toMatchObject({ status: 400, statusText: 'Invalid cursor request' })
    for (const deviceId of [' ', 'd'.repeat(257)]) expect(await client.post(path, { scope, deviceId, version: 1 })).toMatchObject({ status: 400, statusText: 'Invalid device cursor' })
    expect((await new Client(server.url).post(path, { scope, deviceId: 'd', version: 1 })).status).toBe(401)
    expect((await client.post(path, { scope: { workspaceId: randomUUID() }, deviceId: 'd', version: 1 })).status).toBe(403)
  })

  it('gc 400, else what was collected', async () => {
    const { client, scope } = await signedIn()
    for (const route of ['gc-change-log', 'gc-tombstones']) {
      for (const retentionSeconds of [3599, 31_536_001, 1.5, '3600']) expect(await client.post(`/api/sync/${route}`, { scope, retentionSeconds })).toMatchObject({ status: 400, statusText: 'Invalid GC request' })
    }
    await client.post('/api/sync/push', { scope, ops: [messageOp(), messageOp({ clock: 2 })] })
    await client.post('/api/sync/update-cursor', { scope, deviceId: 'd', version: 2 })
    expect(await client.post('/api/sync/gc-change-log', { scope, retentionSeconds: 3600 })).toMatchObject({ status: 200, body: { changes: 1 } })
    expect(await client.post('/api/sync/gc-tombstones', { scope, retentionSeconds: 3600 })).toMatchObject({ status: 200, body: { tombstones: 0 } })
  })

  it('snapshot 400, 401, 403, 410, else pages of one version', async () => {
    const { server, client, scope } = await signedIn()
    const path = '/api/sync/snapshot'
    for (const pageSize of [0, 1001, 'x']) expect((await client.post(path, { scope, pageSize })).status).toBe(400)
    expect((await new Client(server.url).post(path, { scope, pageSize: 1 })).status).toBe(401)
    expect((await client.post(path, { scope: { workspaceId: randomUUID() }, pageSize: 1 })).status).toBe(403)
    expect(await client.post(path, { scope, pageSize: 1, pageToken: 'x' })).toMatchObject({ status: 400, statusText: 'Invalid snapshot page token' })
    await client.post('/api/sync/push', { scope, ops: [messageOp({ pk: 'a' }), messageOp({ pk: 'b' })] })
    const { body } = await client.post(path, { scope, pageSize: 1 }) as { body: { nextPageToken: string, highWatermark: number, items: { pk: string }[] } }
    expect(body).toMatchObject({ highWatermark: 2, items: [{ kind: 'row', pk: 'a' }] })
    await client.post('/api/sync/push', { scope, ops: [messageOp({ pk: 'b', clock: 2, operation: 'delete' })] })
    expect(await client.post(path, { scope, pageSize: 1, pageToken: body.nextPageToken })).toMatchObject({ status: 200, body: { highWatermark: 2, items: [{ kind: 'row', pk: 'b' }], nextPageToken: null } })
    const unknown = body.nextPageToken.replace(/^(s1\.[^.]+)\.[^.]+/, '$1.0000')
    expect(await client.post(path, { scope, pageSize: 1, pageToken: unknown })).toMatchObject({ status: 410, statusText: 'Snapshot expired or unavailable' })
  })
})

describe('429', () => {
  it.each<[string, number, (scope: object) => object, string, string]>([
    ['pull', 120, scope => ({ scope, cursor: 0, limit: 1 }), 'A', 'Rate limit exceeded. Retry after'],
    ['push', 200, scope => ({ scope, ops: [] }), 'A', 'Rate limit exceeded. Retry after'],
    ['update-cursor', 60, scope => ({ scope, deviceId: 'd', version: 0 }), 'A', 'Rate limit exceeded. Retry after'],
    ['gc-change-log', 10, scope => ({ scope, retentionSeconds: 3600 }), 'F', 'Too many GC requests. Please wait before retrying.'],
  ])('%s after %i a minute, for that user alone', async (route, limit, body, NUXT_HOST_AGE, message) => {
    const { server, client, scope } = await signedIn({ env: { DISABLE_RATE_LIMIT: '', NUXT_HOST_AGE } })
    for (let call = 0; call < limit; call++) {
      const { status, headers } = await client.post(`/api/sync/${route}`, body(scope))
      expect([status, headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')]).toEqual([200, String(limit), String(limit - call - 1)])
    }
    const refused = await client.post(`/api/sync/${route}`, body(scope))
    expect(refused.status).toBe(429)
    expect(refused.statusText).toContain(message)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    const grace = new Client(server.url)
    const workspaceId = await grace.signIn('grace')
    expect((await grace.post(`/api/sync/${route}`, body({ workspaceId }))).status).toBe(200)
  })
})
