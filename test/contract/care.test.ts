import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { eventOf, pushAs } from '../support/ops'
import { openTestProvider, temporaryFolder, TestClock } from '../support/provider'
import { messageOp } from '../support/rows'

const WORKSPACE = 'w1'
const ada = eventOf('ada', WORKSPACE)
const HOUR_MS = 3_600_000

async function backupsOf(path: string, folder: string): Promise<string[]> {
  return (await readdir(folder)).filter(name => name.startsWith(`${basename(path)}.backup-`)).sort()
}

describe('a server that looks after itself', () => {
  it('does nothing of the kind unless it is asked to', async () => {
    const { tidy, path, clock } = await openTestProvider()
    clock.advance(1000 * HOUR_MS)
    await tidy()
    expect(await backupsOf(path, join(path, '..'))).toEqual([])
  })

  it('makes verified backups when they are due, in one process of several, and keeps the newest', async () => {
    const folder = join(await temporaryFolder(), 'made', 'when needed')
    const path = join(await temporaryFolder(), 'x.sqlite')
    const clock = new TestClock()
    const env = { OR3_SQLITE_BACKUP_EVERY_HOURS: '24', OR3_SQLITE_BACKUP_KEEP: '2', OR3_SQLITE_BACKUP_DIR: folder }
    const servers = await Promise.all([1, 2, 3].map(() => openTestProvider({ path, clock, env })))
    const [first] = servers
    if (!first) throw new Error('no server')
    await pushAs(first.syncGateway, ada, WORKSPACE, messageOp())
    const days: number[] = []
    for (let day = 0; day < 4; day++) {
      await Promise.all(servers.map(server => server.tidy()))
      days.push((await backupsOf(path, folder)).length)
      clock.advance(HOUR_MS)
      await Promise.all(servers.map(server => server.tidy()))
      expect((await backupsOf(path, folder)).length, 'not due again').toBe(days.at(-1))
      clock.advance(23 * HOUR_MS)
    }
    expect(days).toEqual([1, 2, 2, 2])
    expect(servers.flatMap(({ log }) => log.lines).filter(line => line.includes('A backup was made and verified: 1 log entries'))).toHaveLength(4)
    const [name = ''] = await backupsOf(path, folder)
    const copy = new Database(join(folder, name), { readonly: true })
    expect(copy.prepare('SELECT COUNT(*) FROM change_log').pluck().get()).toBe(1)
    copy.close()
  })

  it('tries again a while after a failure, and says so', async () => {
    const path = join(await temporaryFolder(), 'x.sqlite')
    const { tidy, clock, log } = await openTestProvider({ path, env: { OR3_SQLITE_BACKUP_EVERY_HOURS: '1', OR3_SQLITE_BACKUP_DIR: join(path, 'nowhere') } })
    await tidy()
    await tidy()
    expect(log.lines.filter(line => line.startsWith('warn A chore of the database failed'))).toHaveLength(1)
    clock.advance(900_000)
    await tidy()
    expect(log.lines.filter(line => line.startsWith('warn A chore of the database failed'))).toHaveLength(2)
  })

  it('collects history when it is due', async () => {
    const { syncGateway, tidy, clock, engine, log, metrics } = await openTestProvider({ env: { OR3_SQLITE_METRICS_TOKEN: 'a-token-of-the-scraper', OR3_SQLITE_COLLECT_EVERY_HOURS: '1', OR3_SQLITE_COLLECT_RETENTION_DAYS: '1' } })
    for (let clockOf = 1; clockOf <= 5; clockOf++) await pushAs(syncGateway, ada, WORKSPACE, messageOp({ clock: clockOf }))
    clock.advance(48 * HOUR_MS)
    await tidy()
    expect(await engine.all({ sql: 'SELECT COUNT(*) AS n FROM change_log', parameters: [] })).toEqual([{ n: 1 }])
    expect(log.lines).toContain('info History was collected: 4 log entries went.')
    expect((await metrics?.scrape())?.body).toContain('or3_sqlite_collected_entries_total 4')
  })
})
