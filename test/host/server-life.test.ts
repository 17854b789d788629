import { cp, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/provider'
import { messageOp } from '../support/rows'
import { requireOldNode } from '../support/old-node'
import { Client, runToEnd, startServer } from '../support/server'

describe('the built server', () => {
  it('keeps what it was given over a restart, and closes in order', async () => {
    const first = await startServer()
    const client = new Client(first.url)
    const workspaceId = await client.signIn('ada')
    await client.post('/api/sync/push', { scope: { workspaceId }, ops: [messageOp()] })
    expect(await first.stop()).toBe(0)
    await expect(stat(`${first.path}-wal`)).rejects.toThrow()
    expect(JSON.parse(await readFile(`${first.path}.head`, 'utf8'))).toMatchObject({ total: 1, clean: true })

    const second = await startServer({ path: first.path })
    const again = new Client(second.url)
    expect(await again.signIn('ada')).toBe(workspaceId)
    expect((await again.post('/api/sync/pull', { scope: { workspaceId }, cursor: 0, limit: 1 })).body).toMatchObject({ changes: [{ pk: 'm1' }] })
  })

  it('loses nothing that it acknowledged when it is killed', async () => {
    const first = await startServer()
    const client = new Client(first.url)
    const workspaceId = await client.signIn('ada')
    for (let row = 0; row < 20; row++) await client.post('/api/sync/push', { scope: { workspaceId }, ops: [messageOp({ pk: `m${row}` })] })
    first.process.kill('SIGKILL')
    await first.stop()
    const second = await startServer({ path: first.path })
    const again = new Client(second.url)
    await again.signIn('ada')
    const { body } = await again.post('/api/sync/pull', { scope: { workspaceId }, cursor: 0, limit: 100 })
    expect((body as { changes: { pk: string }[] }).changes.map(change => change.pk)).toEqual(Array.from({ length: 20 }, (_, row) => `m${row}`))
    expect((await again.post('/api/sync/push', { scope: { workspaceId }, ops: [messageOp({ pk: 'next' })] })).body).toMatchObject({ serverVersion: 21 })
  })

  it('runs from its output folder alone', async () => {
    const folder = await temporaryFolder()
    await cp('playground/.output', join(folder, 'app'), { recursive: true })
    const server = await startServer({ entry: join(folder, 'app', 'server', 'index.mjs') })
    expect(await new Client(server.url).signIn('ada')).toBeTypeOf('string')
  })

  it('stops at once with one message that names every wrong setting', async () => {
    const { code, output } = await runToEnd({ env: { OR3_SQLITE_DB_PATH: ':memory:', OR3_SQLITE_PRAGMA_SYNCHRONOUS: 'FASTER', OR3_SQLITE_DRIVER: 'oracle' } })
    expect(code).not.toBe(0)
    for (const fault of ['3 settings are wrong', 'OR3_SQLITE_DRIVER is "oracle". Accepted: better-sqlite3', 'OR3_SQLITE_PRAGMA_SYNCHRONOUS is "FASTER". Accepted: OFF, NORMAL, FULL, EXTRA.', 'OR3_SQLITE_DB_PATH is :memory:']) {
      expect(output.split(fault).length - 1, `${fault} in ${output}`).toBe(1)
    }
    expect(output).not.toMatch(/\n\s+at /)
  })

  it('answers 503 with the reason while its database cannot be used, and logs it once', async () => {
    const path = join(await temporaryFolder(), 'letter.sqlite')
    await writeFile(path, 'Dear reader, this is not a database. '.repeat(50))
    const server = await startServer({ path })
    const client = new Client(server.url)
    await client.post('/api/demo/sign-in', { user: 'ada' })
    for (let call = 0; call < 3; call++) {
      expect(await client.get('/api/auth/session')).toMatchObject({ status: 503, statusText: 'Database unavailable', body: { message: 'The SQLite provider did not start. The file is not a database of this package.' } })
    }
    expect(server.output().split('did not start').length - 1).toBe(1)
    expect((await client.get('/')).status).toBe(200)
  })

  it('says neither paths nor payloads, to clients or in its log', async () => {
    const server = await startServer()
    const client = new Client(server.url)
    const workspaceId = await client.signIn('ada')
    const secret = 'the-secret-of-the-message'
    await client.post('/api/sync/push', { scope: { workspaceId }, ops: [messageOp({ text: secret })] })
    const db = new Database(server.path)
    db.exec('DROP TABLE tombstones')
    db.close()
    const answer = await client.post('/api/sync/push', { scope: { workspaceId }, ops: [messageOp({ text: secret, clock: 2 })] })
    expect(answer).toMatchObject({ status: 500, statusText: 'Database error', body: { message: 'The database refused the statement.' } })
    const said = JSON.stringify(answer.body) + server.output()
    for (const word of [secret, server.path, 'tombstones', 'INSERT']) expect(said).not.toContain(word)
  })

  it('says in one sentence when its Node.js is too old', async (context) => {
    const old = requireOldNode(context)
    const server = await startServer({ node: old })
    const client = new Client(server.url)
    await client.post('/api/demo/sign-in', { user: 'ada' })
    expect(await client.get('/api/auth/session')).toMatchObject({ status: 503, body: { message: expect.stringContaining('needs Node.js') } })
    expect(server.output()).toMatch(/needs Node\.js .* and this is .*: install a supported Node\.js/)
    expect(await server.stop()).toBe(0)
  })
})
