import { execFileSync, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { cli, cliJson, startCli } from '../support/cli'
import { requireOldNode } from '../support/old-node'
import { eventOf } from '../support/ops'
import { openTestProvider, temporaryFolder, TestClock } from '../support/provider'
import { messageOp } from '../support/rows'

const COMMANDS = ['migrate', 'backup', 'restore', 'verify', 'stats', 'gc', 'vacuum', 'export', 'import', 'users', 'workspaces', 'seed', 'adopt', 'doctor']

async function seeded(threads = 3) {
  const path = join(await temporaryFolder(), 'x.sqlite')
  const db = ['--db', path]
  const { userId, workspaceId } = await cliJson<{ userId: string, workspaceId: string }>('seed', '--threads', String(threads), ...db)
  return { path, db, userId, workspaceId }
}

describe('the command', () => {
  it('helps everywhere, without colours in a pipe and with them on a terminal', async () => {
    const { out } = await cli('--help')
    for (const name of COMMANDS) {
      expect(out).toContain(name)
      const help = await cli(name, '--help')
      expect([help.code, help.out]).toEqual([0, expect.stringContaining('USAGE') as string])
    }
    const { db } = await seeded()
    const piped = await cli('verify', ...db)
    expect(piped.out).toBe('✔ The database is sound.\n')
    const terminal = execFileSync('script', ['-qec', [process.execPath, resolve('dist/cli.mjs'), 'verify', ...db].join(' '), '/dev/null'], { env: { PATH: process.env.PATH, TERM: 'xterm' } }).toString()
    expect(terminal).toContain('\u001B[32m✔')
    expect(terminal, 'a bar while it checks').toContain('█')
  })

  it('says in one line what is wrong, with an exit code for scripts', async () => {
    const { path, db } = await seeded()
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'text'), 'no database at all, but some text')
    const foreign = new Database(join(folder, 'foreign.sqlite'))
    foreign.exec('CREATE TABLE t (n)')
    foreign.close()
    const cases: [args: string[], code: number, text: string][] = [
      [['stats', '--db', join(folder, 'none.sqlite')], 3, 'There is no database at'],
      [['stats', '--db', join(folder, 'text')], 3, 'not a database'],
      [['stats', '--db', join(folder, 'foreign.sqlite')], 3, 'belongs to another program'],
      [['gc', '--dry-rnu', ...db], 1, 'There is no flag --dry-rnu'],
      [['gc', '--retention', '5m', ...db], 1, '--retention must be from 1h to 365d'],
      [['gc', '--workspace', 'nope', ...db], 1, 'There is no workspace nope'],
      [['backup', '--keep', '0', ...db], 1, '--keep must be'],
      [['backup', path, ...db], 1, 'is the database itself'],
      [['backup', `${path}.head`, ...db], 1, 'is the database itself'],
      [['export', 'x', path, ...db], 1, 'is the database itself'],
      [['--dry-run', 'gc', ...db], 1, 'Flags come after the command, and --dry-run'],
      [['workspaces', `--db=${path}`, 'delete', 'x'], 1, 'Flags come after the command, and --db'],
      [['restore', join(folder, 'none'), ...db], 1, 'There is no file'],
      [['restore', path, ...db], 1, 'is the database itself'],
      [['restore', join(folder, 'text'), ...db], 1, 'Say --yes'],
      [['restore', join(folder, 'text'), '--yes', ...db], 3, 'not a database'],
      [['export', 'nope', ...db], 1, 'There is no workspace nope'],
      [['import', join(folder, 'none'), ...db], 1, 'ENOENT'],
      [['import', join(folder, 'text'), ...db], 1, 'Line 1 is no JSON'],
      [['migrate', 'down', ...db], 1, 'Say --yes'],
      [['migrate', 'down', '--to', 'nope', '--yes', ...db], 1, 'is not applied'],
      [['workspaces', 'set-role', 'nope', 'nobody', '--role', 'king', ...db], 1, '--role must be'],
      [['workspaces', 'show', 'nope', ...db], 1, 'There is no workspace nope'],
      [['users', 'show', 'nope', ...db], 1, 'There is no user nope'],
      [['adopt', path, ...db], 1, 'is there already'],
      [['seed', '--threads', '0', ...db], 1, '--threads must be'],
    ]
    for (const [args, code, text] of cases) {
      const ended = await cli(...args)
      expect(ended, args.join(' ')).toMatchObject({ code, err: expect.stringContaining(text) as string })
      expect(ended.err.trim().split('\n'), args.join(' ')).toHaveLength(1)
    }
    expect(JSON.parse((await cli('users', 'show', 'nope', '--json', ...db)).out)).toEqual({ error: 'There is no user nope.' })
    expect((await cli('verify', ...db)).code, 'after all that').toBe(0)
  }, 120_000)

  it('says so on a Node.js that is too old, before the driver takes it down', (context) => {
    const { status, stderr } = spawnSync(requireOldNode(context), [resolve('dist/cli.mjs'), 'stats', '--db', 'x'], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([1, expect.stringContaining('needs Node.js')])
  })

  it('reads the server\'s own variables', async () => {
    const { path } = await seeded()
    const { ended } = startCli(['stats', '--json'], { OR3_SQLITE_DB_PATH: path })
    expect(JSON.parse((await ended).out)).toMatchObject({ users: 1, workspaces: [{ rows: 15 }] })
    const wrong = await startCli(['stats'], { OR3_SQLITE_DB_PATH: path, OR3_SQLITE_BUSY_TIMEOUT_MS: 'soon' }).ended
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('OR3_SQLITE_BUSY_TIMEOUT_MS is "soon"') as string })
  })
})

describe('people and workspaces', () => {
  it('are listed, shown and changed', async () => {
    const { db, userId, workspaceId } = await seeded()
    await cliJson('workspaces', 'add-member', workspaceId, 'bob@example.test', '--role', 'viewer', ...db)
    const members = async () => (await cliJson<{ members: { userId: string, email?: string, role: string }[] }>('workspaces', 'show', workspaceId, ...db)).members
    const bob = (await members()).find(({ email }) => email === 'bob@example.test')?.userId ?? ''
    await cliJson('workspaces', 'set-role', workspaceId, bob, '--role', 'editor', ...db)
    expect((await members()).map(({ role }) => role).sort()).toEqual(['editor', 'owner'])
    expect(await cli('workspaces', 'transfer', workspaceId, bob, ...db), 'who has never signed in').toMatchObject({ code: 1, err: expect.stringContaining('never signed in') as string })
    const { userId: eve } = await cliJson<{ userId: string }>('seed', '--user', 'eve', ...db)
    await cliJson('workspaces', 'transfer', workspaceId, eve, ...db)
    expect(Object.fromEntries((await members()).map(({ userId: id, role }) => [id, role]))).toEqual({ [bob]: 'editor', [userId]: 'editor', [eve]: 'owner' })
    expect(await cliJson('users', 'show', 'bob@example.test', ...db)).toMatchObject({ id: bob, memberships: [{ workspace_id: workspaceId, role: 'editor' }] })
    expect((await cli('users', 'list', ...db)).out).toContain('bob@example.test')
    await cliJson('users', 'grant-admin', userId, ...db)
    expect(await cliJson('users', 'list', ...db)).toEqual(expect.arrayContaining([expect.objectContaining({ id: userId, is_admin: true })]))
    await cliJson('users', 'revoke-admin', userId, ...db)
    await cliJson('workspaces', 'delete', workspaceId, ...db)
    expect((await cliJson<{ id: string }[]>('workspaces', 'list', ...db)).map(({ id }) => id)).not.toContain(workspaceId)
    expect(await cliJson('workspaces', 'list', '--deleted', ...db)).toEqual(expect.arrayContaining([expect.objectContaining({ id: workspaceId, deleted: true })]))
    await cliJson('workspaces', 'restore', workspaceId, ...db)
    expect((await cli('verify', ...db)).code).toBe(0)
  })
})

describe('history', () => {
  it('is counted and collected, and the device that holds it back is named (F8)', async () => {
    const path = join(await temporaryFolder(), 'x.sqlite')
    const clock = new TestClock(Date.now() - 3 * 86_400_000)
    const { workspaceStore, syncGateway, close } = await openTestProvider({ path, clock })
    const { userId } = await workspaceStore.getOrCreateUser({ provider: 'p', providerUserId: 'ada' })
    const { workspaceId } = await workspaceStore.getOrCreateDefaultWorkspace(userId)
    const event = eventOf(userId, workspaceId)
    const scope = { workspaceId }
    for (let clockOf = 1; clockOf <= 10; clockOf++) await syncGateway.push(event, { scope, ops: [messageOp({ clock: clockOf })] })
    await syncGateway.updateCursor(event, { scope, deviceId: 'old-phone', version: 4 })
    await syncGateway.updateCursor(event, { scope, deviceId: 'laptop', version: 10 })
    await close()
    const db = ['--db', path]
    const dry = await cliJson<{ workspaces: object[] }>('gc', '--dry-run', ...db)
    expect(dry.workspaces).toMatchObject([{ entries: 4, slowest: { deviceId: 'old-phone', behind: 6 } }])
    expect((await cli('gc', '--dry-run', ...db)).out).toContain('device old-phone, 6 versions behind')
    expect((await cli('stats', ...db)).out).toContain('old-phone: 6')
    expect(await cliJson('stats', '--workspace', workspaceId, ...db)).toMatchObject({ deviceList: [{ deviceId: 'old-phone', cursor: 4, behind: 6 }, { deviceId: 'laptop', behind: 0 }] })
    expect((await cliJson<{ workspaces: object[] }>('gc', '--retention', '1d', ...db)).workspaces).toMatchObject([{ entries: 9, removed: { changes: 9, cursors: 2 } }])
    expect(await cliJson('stats', ...db)).toMatchObject({ workspaces: [{ entries: 1, receipts: 9, version: 10, oldestVersion: 10 }] })
    expect((await cli('verify', ...db)).code).toBe(0)
    expect((await cli('vacuum', ...db)).code).toBe(0)
  })
})

describe('migrations', () => {
  it('are shown, reverted after a copy, and applied again', async () => {
    const { db, path } = await seeded()
    const { applied } = await cliJson<{ applied: string[] }>('migrate', 'status', ...db)
    const { reverted, backup } = await cliJson<{ reverted: string[], backup: string }>('migrate', 'down', '--to', applied.at(-3) ?? '', '--yes', ...db)
    expect(reverted).toEqual(applied.slice(-2).reverse())
    expect(await cliJson('migrate', 'status', '--db', backup)).toMatchObject({ pending: [] })
    expect((await cli('stats', ...db)).code, 'it lacks migrations').toBe(3)
    expect(await cliJson('migrate', 'up', ...db)).toMatchObject({ applied: applied.slice(-2) })
    const database = new Database(path)
    database.prepare('UPDATE or3_migration_checksums SET checksum = ? WHERE name = ?').run('x', applied.at(-1))
    database.close()
    expect(await cli('migrate', 'status', ...db)).toMatchObject({ code: 3, err: expect.stringContaining('another text of') as string })
  })
})

describe('the doctor', () => {
  it('finds nothing in a sound place, and a clock that is behind the log', async () => {
    const { db, path } = await seeded()
    expect(await cli('doctor', ...db)).toMatchObject({ code: 0, out: expect.stringContaining('The clock agrees') as string })
    const database = new Database(path)
    database.prepare('UPDATE change_log SET created_at = created_at + 86400').run()
    database.close()
    const { code, out } = await cli('doctor', ...db)
    expect([code, out]).toEqual([2, expect.stringContaining('Set the clock') as string])
  })
})
