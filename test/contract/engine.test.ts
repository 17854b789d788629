import { open, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Plan, Reading } from '../../src/runtime/server/engine/engine'
import { ask, prepared } from '../../src/runtime/server/engine/engine'
import { BetterSqlite3Engine } from '../../src/runtime/server/engine/better-sqlite3'
import { prepareFile } from '../../src/runtime/server/engine/file'
import { temporaryFolder } from '../support/provider'

const OPTIONS = { journalMode: 'WAL', synchronous: 'NORMAL', busyTimeoutMs: 5000 }
const readN = prepared<{ n: number }>('SELECT n FROM t')

async function openEngine(options: Partial<typeof OPTIONS> = {}) {
  const path = join(await temporaryFolder(), 'e.sqlite')
  await prepareFile(path)
  const engine = new BetterSqlite3Engine({ path, ...OPTIONS, ...options })
  onTestFinished(() => engine.close())
  await engine.batch([{ sql: 'CREATE TABLE t (n INTEGER NOT NULL)', parameters: [] }, { sql: 'INSERT INTO t VALUES (?)', parameters: [0] }])
  return { engine, path }
}

function increment(): Reading<Plan<number>> {
  return (function* () {
    const n = ((yield* ask(readN()))[0]?.n ?? 0) + 1
    return { writes: [{ sql: 'UPDATE t SET n = ?', parameters: [n] }], result: n }
  })()
}

describe('the better-sqlite3 engine', () => {
  it('opens with the pragmas of the environment and its own', async () => {
    const { engine } = await openEngine({ synchronous: 'FULL' })
    const pragma = (name: string): unknown => engine.handle.pragma(name, { simple: true })
    expect({ journal: pragma('journal_mode'), sync: pragma('synchronous'), keys: pragma('foreign_keys'), vacuum: pragma('auto_vacuum'), limit: pragma('journal_size_limit') })
      .toEqual({ journal: 'wal', sync: 2, keys: 1, vacuum: 2, limit: 67_108_864 })
  })

  it('runs an SQLite that does not damage the WAL', async () => {
    const { engine } = await openEngine()
    const [row] = await engine.all<{ v: string }>({ sql: 'SELECT sqlite_version() AS v', parameters: [] })
    const [major = 0, minor = 0, patch = 0] = (row?.v ?? '').split('.').map(Number)
    expect(major * 1e6 + minor * 1e3 + patch).toBeGreaterThanOrEqual(3_051_003)
  })

  it('keeps the file to its owner', async () => {
    const { path } = await openEngine()
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect((await stat(file)).mode & 0o777, file).toBe(0o600)
  })

  it('writes all statements of a batch or none', async () => {
    const { engine } = await openEngine()
    const bulk = { sql: 'INSERT INTO t VALUES (?)', rows: [[1], [2], [null]] }
    await expect(engine.batch([{ sql: 'UPDATE t SET n = 9', parameters: [] }, bulk])).rejects.toMatchObject({ fault: 'rejected' })
    expect(await engine.all(readN())).toEqual([{ n: 0 }])
  })

  it('gives back the rows of each statement', async () => {
    const { engine } = await openEngine()
    const before = readN()
    const after = readN()
    const result = await engine.batch([before, { sql: 'INSERT INTO t VALUES (?)', rows: [[1], [2]] }, after])
    expect([result.rowsOf(before), result.rowsOf(after)]).toEqual([[{ n: 0 }], [{ n: 0 }, { n: 1 }, { n: 2 }]])
  })

  it('loses no interactive write to another', async () => {
    const { engine } = await openEngine()
    const results = await Promise.all(Array.from({ length: 50 }, () => engine.write(increment)))
    expect([...results].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
  })

  it('rolls an interactive write back that throws, and can go on', async () => {
    const { engine } = await openEngine()
    await expect(engine.write(function* (): Reading<Plan<void>> {
      yield* ask(readN())
      throw new Error('changed my mind')
    })).rejects.toThrow('changed my mind')
    expect(await engine.write(increment)).toBe(1)
  })

  it('reads one moment in several statements', async () => {
    const { engine, path } = await openEngine()
    const other = new Database(path)
    onTestFinished(() => void other.close())
    const seen = await engine.read(function* () {
      const first = (yield* ask(readN()))[0]?.n
      other.prepare('UPDATE t SET n = 7').run()
      return [first, (yield* ask(readN()))[0]?.n]
    })
    expect(seen).toEqual([0, 0])
    expect(await engine.all(readN())).toEqual([{ n: 7 }])
  })

  it('waits for another writer without holding the event loop', async () => {
    const { engine, path } = await openEngine()
    const other = new Database(path)
    onTestFinished(() => void other.close())
    other.exec('BEGIN IMMEDIATE')
    let turns = 0
    const turning = setInterval(() => {
      turns += 1
      if (turns === 5) other.exec('COMMIT')
    }, 5)
    expect(await engine.write(increment)).toBe(1)
    clearInterval(turning)
    expect(turns).toBeGreaterThanOrEqual(5)
  })

  it('gives up as busy once the timeout has passed, and reads meanwhile', async () => {
    const { engine, path } = await openEngine({ busyTimeoutMs: 100 })
    const other = new Database(path)
    onTestFinished(() => void other.close())
    other.exec('BEGIN IMMEDIATE')
    const failed = engine.write(increment)
    expect(await engine.all(readN())).toEqual([{ n: 0 }])
    await expect(failed).rejects.toMatchObject({ fault: 'busy', retryable: true, message: 'The database is locked by another process.' })
    other.exec('COMMIT')
    expect(await engine.write(increment)).toBe(1)
  })

  it('copies itself while it is written to', async () => {
    const { engine, path } = await openEngine()
    await engine.batch([{ sql: 'INSERT INTO t VALUES (?)', rows: Array.from({ length: 50_000 }, (_, index) => [index]) }])
    const steps: number[] = []
    const copying = engine.backup(`${path}.copy`, { onProgress: ({ remainingPages }) => steps.push(remainingPages) })
    await engine.write(increment)
    await copying
    expect(steps.length).toBeGreaterThan(0)
    const copy = new Database(`${path}.copy`, { readonly: true })
    onTestFinished(() => void copy.close())
    expect(copy.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(copy.prepare('SELECT COUNT(*) FROM t').pluck().get()).toBe(50_001)
  })

  it('copies one moment, and comes to an end although another process commits at each step', async () => {
    const { engine, path } = await openEngine()
    await engine.batch([{ sql: 'INSERT INTO t VALUES (?)', rows: Array.from({ length: 300_000 }, (_, index) => [index]) }])
    const other = new Database(path)
    onTestFinished(() => void other.close())
    let steps = 0
    await engine.backup(`${path}.copy`, {
      onProgress() {
        steps += 1
        // One that begins anew each time would go on for ever.
        if (steps <= 200) other.exec('INSERT INTO t VALUES (-1)')
      },
    })
    expect(steps).toBeGreaterThan(2)
    expect(steps).toBeLessThan(100)
    const copy = new Database(`${path}.copy`, { readonly: true })
    expect(copy.prepare('SELECT COUNT(*) FROM t WHERE n = -1').pluck().get(), 'what came meanwhile').toBe(0)
    copy.close()
  })

  it('leaves no unfinished copy, of its own or of one that was killed', async () => {
    const { engine, path } = await openEngine()
    for (const left of [`${path}.copy.killed.part`, `${path}.copy.killed.part-journal`]) {
      await writeFile(left, 'old')
      await utimes(left, 0, 0)
    }
    await engine.backup(`${path}.copy`, { keepIf: () => false })
    expect((await readdir(dirname(path))).filter(name => name.includes('.copy'))).toEqual([])
    await expect(engine.backup(join(dirname(path), 'nowhere', 'x'))).rejects.toMatchObject({ fault: 'unavailable' })
  })

  it('finds a damaged page', async () => {
    const { engine, path } = await openEngine()
    await engine.batch([{ sql: 'INSERT INTO t VALUES (?)', rows: Array.from({ length: 50_000 }, (_, index) => [index]) }])
    expect(await engine.check()).toEqual([])
    await engine.close()
    const file = await open(path, 'r+')
    await file.write(Buffer.alloc(2048, 0xAB), 0, 2048, 4096 * 20)
    await file.close()
    const again = new BetterSqlite3Engine({ path, ...OPTIONS })
    onTestFinished(() => again.close())
    expect((await again.check()).length).toBeGreaterThan(0)
    await expect(again.all({ sql: 'SELECT SUM(n) FROM t', parameters: [] })).rejects.toMatchObject({ fault: 'corrupt', message: 'The database file is damaged.' })
  })

  it('closes once, leaves no WAL, and refuses afterwards', async () => {
    const { engine, path } = await openEngine()
    await engine.close()
    await engine.close()
    await expect(stat(`${path}-wal`)).rejects.toThrow()
    for (const call of [() => engine.all(readN()), () => engine.batch([]), () => engine.write(increment), () => engine.check(), () => engine.backup(`${path}.b`)]) {
      await expect(call()).rejects.toMatchObject({ fault: 'closed' })
    }
  })

  it('keeps a bounded number of prepared statements', async () => {
    const { engine } = await openEngine()
    for (let n = 0; n < 1200; n++) expect(await engine.all({ sql: `SELECT ${n} AS n`, parameters: [] })).toEqual([{ n }])
  })

  it('lets a thread of its own make the checkpoints once there is much to write, and takes it along at the end', async () => {
    const path = join(await temporaryFolder(), 'busy.sqlite')
    const engine = new BetterSqlite3Engine({ path, journalMode: 'WAL', synchronous: 'NORMAL', busyTimeoutMs: 5000 })
    await engine.batch([{ sql: 'CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT) STRICT', parameters: [] }])
    const write = () => engine.batch([{ sql: 'INSERT INTO t (text) VALUES (?)', parameters: ['x'.repeat(20_000)] }])
    let rows = 0
    for (; !engine.checkpointsAside && rows < 20_000; rows++) await write()
    expect(engine.checkpointsAside).toBe(true)
    // What it has moved is in the file itself, which nobody else has touched: a commit no longer does.
    const before = (await stat(path)).size
    await vi.waitFor(async () => {
      rows += 1
      await write()
      expect((await stat(path)).size).toBeGreaterThan(before + 1_000_000)
    }, { timeout: 20_000, interval: 1 })
    expect((await stat(`${path}-wal`)).size).toBeLessThan(80 * 1024 * 1024)
    expect(await engine.all({ sql: 'SELECT COUNT(*) AS n FROM t', parameters: [] })).toEqual([{ n: rows }])
    await engine.close()
    await expect(stat(`${path}-wal`)).rejects.toThrow()
    expect(engine.checkpointsAside).toBe(false)
    const again = new Database(path, { readonly: true })
    expect([again.prepare('SELECT COUNT(*) FROM t').pluck().get(), again.pragma('integrity_check', { simple: true })]).toEqual([rows, 'ok'])
    again.close()
  })

  it('makes its own where no thread can, as in memory or without a WAL', async () => {
    for (const [path, journalMode] of [[':memory:', 'WAL'], [join(await temporaryFolder(), 'd.sqlite'), 'DELETE']] as const) {
      const engine = new BetterSqlite3Engine({ path, journalMode, synchronous: 'OFF', busyTimeoutMs: 5000 })
      await engine.batch([{ sql: 'CREATE TABLE t (text TEXT) STRICT', parameters: [] }])
      for (let index = 0; index < 200; index++) await engine.batch([{ sql: 'INSERT INTO t VALUES (?)', parameters: ['x'.repeat(50_000)] }])
      expect(engine.checkpointsAside).toBe(false)
      await engine.close()
    }
  })
})
