import { existsSync } from 'node:fs'
import { copyFile, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { cli, cliJson, startCli } from '../support/cli'
import { eventOf, pullAll } from '../support/ops'
import { openTestProvider, temporaryFolder } from '../support/provider'
import { messageOp } from '../support/rows'
import { random } from '../torture/stand'

const WORKSPACE = 'w1'
const scope = { workspaceId: WORKSPACE }

async function withRows(rows: number) {
  const path = join(await temporaryFolder(), 'x.sqlite')
  const provider = await openTestProvider({ path })
  for (let row = 0; row < rows; row++) await provider.syncGateway.push(eventOf('ada', WORKSPACE), { scope, ops: [messageOp({ pk: `m${row}`, text: 'x'.repeat(500) })] })
  return { path, provider, db: ['--db', path] }
}

function count(path: string): number {
  const database = new Database(path, { readonly: true })
  try {
    return database.prepare<[], number>('SELECT COUNT(*) FROM change_log').pluck().get() ?? -1
  }
  finally {
    database.close()
  }
}

describe('a restore drill', () => {
  it('under load: what was acknowledged before the backup began is there, the file is sound, and no version comes twice', async () => {
    const { path, provider, db } = await withRows(2000)
    const acknowledged: string[] = []
    let highest = 0
    let going = true
    const clients = ['ada', 'bob', 'eve', 'tom'].map(async (name) => {
      for (let turn = 0; going; turn++) {
        const ops = Array.from({ length: 5 }, (_, index) => messageOp({ pk: `${name}-${turn}-${index}`, deviceId: name }))
        const { results } = await provider.syncGateway.push(eventOf(name, WORKSPACE), { scope, ops })
        acknowledged.push(...results.map(result => result.opId))
        highest = Math.max(highest, ...results.map(result => result.serverVersion ?? 0))
      }
    })
    await expect.poll(() => acknowledged.length).toBeGreaterThan(200)
    const before = [...acknowledged]
    const { path: backup, entries } = await cliJson<{ path: string, entries: number }>('backup', ...db)
    expect(acknowledged.length, 'the load went on').toBeGreaterThan(before.length)

    expect(await cli('restore', backup, '--yes', ...db), 'while the server has it').toMatchObject({ code: 4, err: expect.stringContaining('Stop the server') as string })
    going = false
    await Promise.all(clients)
    await provider.close()

    const restored = await cliJson<{ entries: number, kept: string }>('restore', backup, '--yes', ...db)
    expect(restored.entries).toBe(entries)
    expect(count(restored.kept), 'the replaced file has everything').toBe(2000 + acknowledged.length)
    expect((await cli('verify', ...db)).code).toBe(0)
    const again = await openTestProvider({ path })
    const { changes } = await pullAll(again.syncGateway, eventOf('ada', WORKSPACE), WORKSPACE)
    const there = new Set(changes.map(change => change.stamp.opId))
    expect(before.filter(opId => !there.has(opId))).toEqual([])
    const { results } = await again.syncGateway.push(eventOf('ada', WORKSPACE), { scope, ops: [messageOp({ pk: 'new' })] })
    expect(results[0]?.serverVersion).toBeGreaterThan(highest)
  })

  it('killed at any moment leaves the old database or the new one, whole', async () => {
    const { path, provider, db } = await withRows(300)
    const { path: backup } = await cliJson<{ path: string }>('backup', '--gzip', ...db)
    for (let row = 0; row < 50; row++) await provider.syncGateway.push(eventOf('ada', WORKSPACE), { scope, ops: [messageOp({ pk: `later${row}` })] })
    await provider.close()
    await copyFile(path, `${path}.now`)
    const chance = random(20_261_121)
    const seen = new Set<number>()
    for (let round = 0; round < 25; round++) {
      await copyFile(`${path}.now`, path)
      const { process: child, ended } = startCli(['restore', backup, '--yes', ...db])
      await delay(100 + chance() * 250)
      child.kill('SIGKILL')
      await ended
      seen.add(count(path))
      expect((await cli('verify', ...db)).code).toBe(0)
    }
    expect([...seen].every(entries => entries === 300 || entries === 350), [...seen].join()).toBe(true)
    expect(await cliJson('restore', backup, '--yes', ...db)).toMatchObject({ entries: 300 })
    expect((await readdir(dirname(path))).filter(name => name.includes('.restoring'))).toEqual([])
  }, 120_000)
})

describe('backups', () => {
  it('are one private file, packed or not, and only the newest are kept', async () => {
    const { path, db } = await withRows(5)
    for (const flags of [[], ['--gzip'], [], ['--gzip', '--keep', '2']]) expect((await cli('backup', ...flags, ...db)).code).toBe(0)
    const names = (await readdir(dirname(path))).filter(name => name.includes('.backup-')).sort()
    expect(names).toEqual([expect.stringMatching(/Z$/), expect.stringMatching(/Z\.gz$/)])
    for (const left of ['', '.6a.part', '.6a.part-journal', '.gz']) {
      await writeFile(`${path}.backup-20260101T000000000Z.unverified${left}`, 'of a process that was killed')
      await utimes(`${path}.backup-20260101T000000000Z.unverified${left}`, 0, 0)
    }
    expect((await cli('backup', '--keep', '2', ...db)).code).toBe(0)
    expect((await readdir(dirname(path))).filter(name => name.includes('.unverified'))).toEqual([])
    const named = join(dirname(path), 'mine.gz')
    expect(await cliJson('backup', named, ...db)).toMatchObject({ path: named, verified: true })
    expect((await readFile(named)).subarray(0, 2)).toEqual(Buffer.from([0x1F, 0x8B]))
    expect(await cliJson('stats', ...db)).toMatchObject({ lastBackupMs: expect.any(Number) as number })
  })

  it('that are damaged, cut off, foreign or newer are refused, and the database is as it was', async () => {
    const { path, provider, db } = await withRows(50)
    const { path: good } = await cliJson<{ path: string }>('backup', ...db)
    const { path: packed } = await cliJson<{ path: string }>('backup', '--gzip', ...db)
    await provider.close()
    const bad = `${path}.bad`
    const damaged = Buffer.from(await readFile(good))
    damaged.fill(0xFF, 4096 * 20, 4096 * 30)
    const cut = (await readFile(packed)).subarray(0, 3000)
    const newer = `${path}.newer`
    await copyFile(good, newer)
    const database = new Database(newer)
    database.exec('INSERT INTO kysely_migration (name, timestamp) VALUES (\'999_future\', \'\')')
    database.close()
    for (const content of [damaged, cut, Buffer.from('nothing'), Buffer.alloc(0), (await readFile(good)).subarray(0, 50_000), await readFile(newer)]) {
      await writeFile(bad, content)
      const { code, err } = await cli('restore', bad, '--yes', ...db)
      expect([code === 0, err.trim().split('\n').length]).toEqual([false, 1])
      expect(count(path)).toBe(50)
      expect(existsSync(`${path}.restoring`)).toBe(false)
    }
    expect((await cli('verify', ...db)).code).toBe(0)
    expect((await readdir(dirname(path))).filter(name => name.includes('.replaced'))).toEqual([])
  })

  it('move each workspace past what it had reached, whichever copy is restored in which order (F1)', async () => {
    const { path, provider, db } = await withRows(3)
    const push = (asker: typeof provider, workspaceId: string, rows: number) => Promise.all(Array.from({ length: rows }, () => asker.syncGateway.push(eventOf('ada', workspaceId), { scope: { workspaceId }, ops: [messageOp()] })))
    const { path: first } = await cliJson<{ path: string }>('backup', ...db)
    await push(provider, 'later', 40)
    await push(provider, WORKSPACE, 5)
    const { path: second } = await cliJson<{ path: string }>('backup', ...db)
    await provider.close()
    const highest: Record<string, number> = { [WORKSPACE]: 8, later: 40 }
    for (const backup of [first, second, first, second]) {
      await cliJson('restore', backup, '--yes', ...db)
      const server = await openTestProvider({ path })
      expect(server.log.lines, 'the start has nothing left to notice').toEqual([])
      for (const workspaceId of Object.keys(highest)) {
        const answers = await push(server, workspaceId, 10)
        expect(Math.min(...answers.map(({ serverVersion }) => serverVersion))).toBeGreaterThan(highest[workspaceId] ?? 0)
        highest[workspaceId] = Math.max(...answers.map(({ serverVersion }) => serverVersion))
      }
      await server.close()
    }
    expect(Math.max(...Object.values(highest)), 'a few jumps, not many times as many').toBeLessThan(50_000_000)
  })

  it('are not restored under a server that keeps no WAL, unless somebody insists', async () => {
    const path = join(await temporaryFolder(), 'x.sqlite')
    const db = ['--db', path]
    const provider = await openTestProvider({ path, env: { OR3_SQLITE_PRAGMA_JOURNAL_MODE: 'DELETE' } })
    await provider.syncGateway.push(eventOf('ada', WORKSPACE), { scope, ops: [messageOp()] })
    const target = `${path}.copy`
    await provider.engine.backup(target)
    expect(await cli('restore', target, '--yes', ...db)).toMatchObject({ code: 4, err: expect.stringContaining('--force') as string })
    await provider.close()
    expect((await cli('restore', target, '--yes', ...db)).code).toBe(0)
  })

  it('leave nothing that a killed restore began to the next one', async () => {
    const { path, provider, db } = await withRows(5)
    const { path: backup } = await cliJson<{ path: string }>('backup', ...db)
    await provider.close()
    for (const part of ['', '-wal', '-journal', '-shm']) await writeFile(`${path}.restoring${part}`, 'of a restore that was killed')
    expect((await cli('restore', backup, '--yes', ...db)).code).toBe(0)
    expect((await readdir(dirname(path))).filter(name => name.includes('.restoring'))).toEqual([])
    expect((await cli('verify', ...db)).code).toBe(0)
  })

  it('can be restored where there is no database any more', async () => {
    const { path, provider, db } = await withRows(5)
    const { path: backup } = await cliJson<{ path: string }>('backup', ...db)
    await provider.close()
    const elsewhere = join(await temporaryFolder(), 'y.sqlite')
    expect(await cliJson('restore', backup, '--db', elsewhere)).toMatchObject({ entries: 5 })
    expect(count(elsewhere)).toBe(5)
    expect(count(path)).toBe(5)
  })
})
