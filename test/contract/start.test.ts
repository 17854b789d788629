import { chmod, copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readConfig } from '../../src/runtime/server/config'
import { VERSION_MARGIN } from '../../src/runtime/server/database/high-water'
import { startProvider } from '../../src/runtime/server/provider'
import { shareProvider } from '../../src/runtime/server/shared'
import { eventOf, op, pullAll, pushAs } from '../support/ops'
import { onSmallDisk } from '../support/tmpfs'
import { openTestProvider, temporaryFolder, testLog } from '../support/provider'
import { select } from '../support/sql'

const WORKSPACE = 'ws-1'
const ada = eventOf('ada', WORKSPACE)
const scope = { workspaceId: WORKSPACE }

describe('the start', () => {
  it('makes the folder and a private file', async () => {
    const { path } = await openTestProvider()
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('takes rights away from a file that others could read', async () => {
    const path = join(await temporaryFolder(), 'open.sqlite')
    await writeFile(path, '')
    await chmod(path, 0o644)
    await openTestProvider({ path })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('lets calls wait that come before the database is open', async () => {
    const path = join(await temporaryFolder(), 'x.sqlite')
    const provider = startProvider(readConfig({ OR3_SQLITE_DB_PATH: path }), { log: testLog() })
    onTestFinished(() => provider.close())
    expect(await pushAs(provider.syncGateway, ada, WORKSPACE, op())).toMatchObject({ serverVersion: 1 })
  })

  it('that failed is logged once, and every call answers 503 with the reason', async () => {
    const path = join(await temporaryFolder(), 'text.sqlite')
    await writeFile(path, 'not a database, but a letter '.repeat(100))
    const { syncGateway, workspaceStore, log } = await openTestProvider({ path })
    const reason = 'The SQLite provider did not start. The file is not a database of this package.'
    const headers: Record<string, string> = {}
    const event = { ...ada, node: { res: { headersSent: false, setHeader: (name: string, value: string) => void (headers[name] = value) } } }
    for (const call of [
      () => pushAs(syncGateway, event, WORKSPACE, op()), () => syncGateway.pull(ada, { scope, cursor: 0, limit: 1 }), () => syncGateway.updateCursor(ada, { scope, deviceId: 'd', version: 1 }),
      () => syncGateway.gcChangeLog(ada, { scope, retentionSeconds: 3600 }), () => workspaceStore.getOrCreateUser({ provider: 'p', providerUserId: 'u' }), () => workspaceStore.listUserWorkspaces('u'),
    ]) await expect(call()).rejects.toMatchObject({ statusCode: 503, statusMessage: 'Database unavailable', message: reason })
    expect(headers).toEqual({ 'Retry-After': '2' })
    expect(log.lines).toEqual([`error ${reason} (SQLITE_NOTADB)`])
    expect(await readFile(path, 'utf8')).toContain('a letter')
  })

  it('says when the path is a folder', async () => {
    const path = join(await temporaryFolder(), 'd')
    await mkdir(path)
    expect((await openTestProvider({ path })).log.lines).toEqual(['error The SQLite provider did not start. The database path is not a file.'])
  })

  it('says when a folder on the way is a file', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'f'), '')
    expect((await openTestProvider({ path: join(folder, 'f', 'x.sqlite') })).log.lines).toEqual(['error The SQLite provider did not start. The database file cannot be opened. (EEXIST)'])
  })

  it('says when the path is too long', async () => {
    const { log } = await openTestProvider({ path: join(await temporaryFolder(), 'x'.repeat(300)) })
    expect(log.lines).toEqual(['error The SQLite provider did not start. The database file cannot be opened. (ENAMETOOLONG)'])
  })

  it('says when Node.js is too old, before the driver is loaded', async () => {
    const log = testLog()
    const path = join(await temporaryFolder(), 'x.sqlite')
    const provider = startProvider(readConfig({ OR3_SQLITE_DB_PATH: path }), { log, nodeVersion: '20.20.2' })
    await provider.started
    expect(log.lines).toHaveLength(1)
    expect(log.lines[0]).toContain('needs Node.js ^22.19.0 || ^24.11.0 || >=26, and this is 20.20.2')
    await expect(stat(path)).rejects.toThrow()
    await provider.close()
  })

  it('warns of what the configuration allows but should not', async () => {
    const { log, syncGateway } = await openTestProvider({ path: ':memory:', env: { OR3_SQLITE_ALLOW_IN_MEMORY: '1' } })
    expect(log.lines).toEqual(['warn The database is in memory: all data is lost when the server stops.'])
    expect(await pushAs(syncGateway, ada, WORKSPACE, op())).toMatchObject({ serverVersion: 1 })
  })

  it.each(['DELETE', 'TRUNCATE', 'PERSIST', 'MEMORY', 'WAL'])('works with journal mode %s', async (mode) => {
    const { syncGateway, engine } = await openTestProvider({ env: { OR3_SQLITE_PRAGMA_JOURNAL_MODE: mode } })
    await Promise.all(Array.from({ length: 10 }, (_, index) => pushAs(syncGateway, ada, WORKSPACE, op({ pk: `m${index}` }))))
    expect((await pullAll(syncGateway, ada, WORKSPACE)).changes).toHaveLength(10)
    expect(await engine.check()).toEqual([])
  })

  it('waits for a lock that goes, and is busy while it stays', async () => {
    const { syncGateway, path } = await openTestProvider({ env: { OR3_SQLITE_BUSY_TIMEOUT_MS: '200' } })
    const other = new Database(path)
    onTestFinished(() => void other.close())
    other.exec('BEGIN IMMEDIATE')
    await expect(pushAs(syncGateway, ada, WORKSPACE, op())).rejects.toMatchObject({ statusCode: 503, message: 'The database is locked by another process.' })
    expect((await pullAll(syncGateway, ada, WORKSPACE)).changes).toEqual([])
    other.exec('COMMIT')
    expect(await pushAs(syncGateway, ada, WORKSPACE, op())).toMatchObject({ serverVersion: 1 })
  })

  it('opens one handle for a plugin that runs twice, and closes it with the last (I12)', async () => {
    const path = join(await temporaryFolder(), 'x.sqlite')
    const config = readConfig({ OR3_SQLITE_DB_PATH: path })
    const first = shareProvider(config, { log: testLog() })
    const second = shareProvider(config, { log: testLog() })
    expect(second.syncGateway).toBe(first.syncGateway)
    await first.started
    await first.close()
    await first.close()
    expect(await pushAs(second.syncGateway, ada, WORKSPACE, op())).toMatchObject({ serverVersion: 1 })
    await second.close()
    await expect(pushAs(second.syncGateway, ada, WORKSPACE, op())).rejects.toMatchObject({ statusCode: 503, message: 'The database is closed: the server is stopping.' })
    const third = shareProvider(config, { log: testLog() })
    expect(await pushAs(third.syncGateway, ada, WORKSPACE, op({ pk: 'm2' }))).toMatchObject({ serverVersion: 2 })
    await third.close()
  })

  it('does not need the write lock where there is nothing to migrate', async () => {
    const { path, close } = await openTestProvider()
    await close()
    const other = new Database(path)
    onTestFinished(() => void other.close())
    other.exec('BEGIN IMMEDIATE')
    const { log, syncGateway } = await openTestProvider({ path, env: { OR3_SQLITE_BUSY_TIMEOUT_MS: '200' } })
    expect((await pullAll(syncGateway, ada, WORKSPACE)).changes).toEqual([])
    expect(log.lines).toEqual([])
    other.exec('COMMIT')
  })

  it('waits for a lock while it migrates', async () => {
    const path = join(await temporaryFolder(), 'x.sqlite')
    const other = new Database(path)
    onTestFinished(() => void other.close())
    other.pragma('journal_mode = WAL')
    other.exec('BEGIN IMMEDIATE')
    setTimeout(() => other.exec('COMMIT'), 300)
    const { log, syncGateway } = await openTestProvider({ path })
    expect(log.lines).toEqual([])
    expect(await pushAs(syncGateway, ada, WORKSPACE, op())).toMatchObject({ serverVersion: 1 })
  })

  it('rolls back what a crash left half written in a journal', async () => {
    const env = { OR3_SQLITE_PRAGMA_JOURNAL_MODE: 'DELETE' }
    const { path, close, syncGateway } = await openTestProvider({ env })
    await pushAs(syncGateway, ada, WORKSPACE, op())
    await close()
    const crashed = `${path}.crashed`
    const other = new Database(path)
    // A small cache makes the transaction spill: the journal and half of the changes are on disk.
    other.pragma('cache_size = 5')
    other.exec('BEGIN IMMEDIATE')
    other.prepare('WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO op_receipts SELECT \'w\', i, i, zeroblob(500), 1 FROM n').run()
    await copyFile(path, crashed)
    await copyFile(`${path}-journal`, `${crashed}-journal`)
    other.close()
    const again = await openTestProvider({ path: crashed, env })
    expect(again.log.lines).toEqual([])
    expect((await pullAll(again.syncGateway, ada, WORKSPACE)).changes).toHaveLength(1)
    expect(await select(again.engine, 'SELECT COUNT(*) AS n FROM op_receipts')).toEqual([{ n: 0 }])
    expect(await again.engine.check()).toEqual([])
  })

  it('leaves no handle open when it fails late', async () => {
    const path = join(await temporaryFolder(), 'x.sqlite')
    const first = await openTestProvider({ path })
    await pushAs(first.syncGateway, ada, WORKSPACE, op())
    await first.engine.batch([{ sql: 'CREATE TRIGGER no BEFORE INSERT ON lineages BEGIN SELECT RAISE(ABORT, \'no\'); END', parameters: [] }])
    await first.close()
    const record = JSON.parse(await readFile(`${path}.head`, 'utf8')) as object
    await writeFile(`${path}.head`, JSON.stringify({ ...record, total: 99 }))
    const { log } = await openTestProvider({ path })
    expect(log.lines).toEqual(['error The SQLite provider did not start. The database refused the statement. (SQLITE_CONSTRAINT_TRIGGER)'])
    await expect(stat(`${path}-wal`)).rejects.toThrow()
  })
})

describe('a full disk', () => {
  it('answers 503, loses nothing that was acknowledged, and goes on once there is room', context => onSmallDisk(context, 2, async (folder) => {
    const provider = await openTestProvider({ path: join(folder, 'x.sqlite') })
    const { syncGateway, engine } = provider
    await writeFile(join(folder, 'ballast'), Buffer.alloc(600_000))
    const acknowledged: string[] = []
    let refused: unknown
    for (let row = 0; row < 200 && refused === undefined; row++) {
      const put = op({ pk: `m${row}`, payload: { id: `m${row}`, text: 'x'.repeat(20_000) } })
      await pushAs(syncGateway, ada, WORKSPACE, put).then(() => acknowledged.push(put.pk), (error: unknown) => (refused = error))
    }
    expect(refused).toMatchObject({ statusCode: 503, message: 'The disk that holds the database is full.' })
    expect((await pullAll(syncGateway, ada, WORKSPACE)).changes.map(change => change.pk)).toEqual(acknowledged)
    await rm(join(folder, 'ballast'))
    await pushAs(syncGateway, ada, WORKSPACE, op({ pk: 'after' }))
    expect((await pullAll(syncGateway, ada, WORKSPACE)).changes.map(change => change.pk)).toEqual([...acknowledged, 'after'])
    expect(await engine.check()).toEqual([])
    await provider.close()
  }))
})

describe('a file that is older than it was', () => {
  async function pushed(path: string, rows: number, from = 0) {
    const provider = await openTestProvider({ path })
    for (let row = from; row < from + rows; row++) await pushAs(provider.syncGateway, ada, WORKSPACE, op({ pk: `m${row}` }))
    return provider
  }

  it('is noticed when a backup was restored, and no version is used twice (F1)', async () => {
    const path = join(await temporaryFolder(), 'x.sqlite')
    await (await pushed(path, 3)).close()
    await copyFile(path, `${path}.backup`)
    await (await pushed(path, 4, 3)).close()
    await copyFile(`${path}.backup`, path)

    const { syncGateway, engine, log } = await openTestProvider({ path })
    expect(log.lines).toEqual([expect.stringMatching(/^warn The database is older than it was when last seen/)])
    const { results } = await pushAs(syncGateway, ada, WORKSPACE, op({ pk: 'new' }))
    expect(results[0]?.serverVersion).toBe(3 + 4 + VERSION_MARGIN + 1)
    const fromBefore = await syncGateway.pull(ada, { scope, cursor: 7, limit: 10 })
    expect(fromBefore).toMatchObject({ requiresSnapshot: false, changes: [{ pk: 'new' }] })
    expect(await select(engine, 'SELECT version_floor FROM lineages')).toEqual([{ version_floor: 7 + VERSION_MARGIN }])
    const elsewhere = await pushAs(syncGateway, eventOf('ada', 'lost'), 'lost', op())
    expect(elsewhere.serverVersion).toBe(7 + VERSION_MARGIN + 1)
  })

  it('is noticed when its WAL was thrown away (F2)', async () => {
    const path = join(await temporaryFolder(), 'x.sqlite')
    await (await pushed(path, 5)).close()
    const running = await pushed(path, 3, 5)
    await running.close()
    const checkpointed = await readFile(path)
    const later = await pushed(path, 2, 8)
    await later.close()
    // What a lost WAL leaves: the file of the last checkpoint, and the record of a server that had come further.
    await writeFile(path, checkpointed)
    const { log, syncGateway } = await openTestProvider({ path })
    expect(log.lines[0]).toContain('older than it was')
    expect((await pushAs(syncGateway, ada, WORKSPACE, op({ pk: 'new' }))).serverVersion).toBe(8 + 2 + VERSION_MARGIN + 1)
  })

  it('is suspected after the machine went down under synchronous=NORMAL (F2), not under FULL', async () => {
    for (const [flushed, lines] of [[false, 1], [true, 0]] as const) {
      const path = join(await temporaryFolder(), 'x.sqlite')
      await (await pushed(path, 2)).close()
      await writeFile(`${path}.head`, JSON.stringify({ total: 2, boot: 'another', clean: false, flushed }))
      const { log, syncGateway } = await openTestProvider({ path })
      expect(log.lines).toHaveLength(lines)
      expect((await pushAs(syncGateway, ada, WORKSPACE, op({ pk: 'new' }))).serverVersion).toBe(flushed ? 3 : 3 + VERSION_MARGIN)
    }
  })

  it('is told from one that another process still has open: only the last to close marks the end', async () => {
    const path = join(await temporaryFolder(), 'x.sqlite')
    const clean = async () => (JSON.parse(await readFile(`${path}.head`, 'utf8')) as { clean: boolean }).clean
    const first = await pushed(path, 1)
    const second = await openTestProvider({ path })
    await first.close()
    expect(await clean()).toBe(false)
    await second.close()
    expect(await clean()).toBe(true)
  })

  it('leaves no temporary files behind, even where its record cannot be written', async () => {
    const path = join(await temporaryFolder(), 'x.sqlite')
    await (await pushed(path, 1)).close()
    await rm(`${path}.head`)
    await mkdir(`${path}.head`)
    const { close, log } = await pushed(path, 1, 1)
    await close()
    expect(log.lines).toEqual(['warn The record beside the database cannot be written: a restored backup would not be noticed.'])
    expect((await readdir(dirname(path))).sort()).toEqual(['x.sqlite', 'x.sqlite.head'])
  })

  it('is noticed although nothing was written for a while before a crash', async () => {
    const path = join(await temporaryFolder(), 'x.sqlite')
    const running = await pushed(path, 6)
    await expect.poll(async () => (JSON.parse(await readFile(`${path}.head`, 'utf8')) as { total: number }).total, { timeout: 5000 }).toBe(6)
    await running.close()
  })

  it('is not suspected after an ordinary stop, nor after a crash of the process', async () => {
    const path = join(await temporaryFolder(), 'x.sqlite')
    await (await pushed(path, 3)).close()
    const again = await pushed(path, 1, 3)
    expect(again.log.lines).toEqual([])
    const beside = await openTestProvider({ path })
    expect(beside.log.lines).toEqual([])
    expect((await pushAs(beside.syncGateway, ada, WORKSPACE, op({ pk: 'x' }))).serverVersion).toBe(5)
  })

  it('starts without its record, and with a damaged one', async () => {
    const path = join(await temporaryFolder(), 'x.sqlite')
    for (const record of [undefined, 'garbage', '{"total":"x"}']) {
      await (await pushed(path, 1)).close()
      await (record === undefined ? rm(`${path}.head`) : writeFile(`${path}.head`, record))
      expect((await openTestProvider({ path })).log.lines).toEqual([])
    }
  })
})
