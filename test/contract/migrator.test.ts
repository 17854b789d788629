import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SqliteMigrator } from '../../src/runtime/server/database/migrator'
import type { EmbeddedMigration } from '../../src/runtime/server/database/migrations.generated'
import { MIGRATIONS } from '../../src/runtime/server/database/migrations.generated'
import { openLocalDatabase } from '../../src/runtime/server/database/open'
import { temporaryFolder, testLog } from '../support/provider'

const OPTIONS = { journalMode: 'WAL', synchronous: 'NORMAL', busyTimeoutMs: 5000 }

async function openFile(): Promise<{ database: Database.Database, path: string }> {
  const path = join(await temporaryFolder(), 'm.sqlite')
  const database = new Database(path)
  onTestFinished(() => void database.close())
  return { database, path }
}

const schemaOf = (database: Database.Database) => database.prepare('SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE \'kysely%\' AND name NOT LIKE \'%kysely%\' AND name <> \'or3_migration_checksums\' ORDER BY name').all()
const extra = (name: string, up: string, down = 'SELECT 1'): EmbeddedMigration => ({ name, checksum: name, up, down })

describe('migrations', () => {
  it('make the tables of the contract, strict and keyed by workspace first', async () => {
    const { database } = await openFile()
    expect(await new SqliteMigrator(database).up()).toEqual(MIGRATIONS.map(({ name }) => name))
    const tables = database.prepare<[], { name: string, strict: number }>('SELECT name, strict FROM pragma_table_list WHERE schema = \'main\' AND name NOT LIKE \'sqlite%\' AND name NOT LIKE \'kysely%\'').all()
    expect(tables.map(({ name }) => name).sort()).toEqual([
      'auth_accounts', 'auth_invites', 'background_job_chunks', 'background_job_executions', 'background_jobs', 'change_log', 'chores', 'connect_authorizations', 'connect_environments',
      'deployment_admins', 'device_cursors', 'file_references', 'lineages', 'op_receipts', 'or3_migration_checksums', 'rate_limits', 'replaced_states',
      's_file_meta', 's_kv', 's_messages', 's_notifications', 's_posts', 's_projects', 's_threads',
      'server_version_counter', 'snapshots', 'tombstones', 'upload_intents', 'users', 'webhook_deliveries', 'webhooks', 'workspace_members',
      'workspace_settings', 'workspaces',
    ])
    expect(tables.filter(({ strict }) => strict !== 1)).toEqual([])
    for (const { name } of tables.filter(({ name }) => /^(?:s_|change_log|device_cursors|op_receipts|tombstones|server_version|workspace_members|workspace_settings|snapshots|replaced_states|upload_intents|file_references|auth_invites)/.test(name))) {
      expect(database.prepare('SELECT name FROM pragma_table_info(?) WHERE pk = 1').pluck().get(name), name).toBe('workspace_id')
    }
  })

  it('twice are once', async () => {
    const { database } = await openFile()
    await new SqliteMigrator(database).up()
    const before = schemaOf(database)
    expect(await new SqliteMigrator(database).up()).toEqual([])
    expect(schemaOf(database)).toEqual(before)
  })

  it('go down as they went up', async () => {
    const { database } = await openFile()
    const migrator = new SqliteMigrator(database)
    const empty = schemaOf(database)
    await migrator.up()
    const full = schemaOf(database)
    expect(await migrator.down('001_init')).toEqual(MIGRATIONS.map(({ name }) => name).reverse().slice(0, -1))
    expect(await migrator.down()).toEqual(['001_init'])
    expect(schemaOf(database)).toEqual(empty)
    expect(await migrator.up()).toHaveLength(MIGRATIONS.length)
    expect(schemaOf(database)).toEqual(full)
    await expect(migrator.down('999_no')).rejects.toMatchObject({ message: 'The migration 999_no is not applied.' })
  })

  it('leave nothing of one that fails, and those before it in place', async () => {
    const { database } = await openFile()
    const broken = [...MIGRATIONS, extra('999_broken', 'CREATE TABLE half (a TEXT) STRICT; CREATE TABLE users (a TEXT) STRICT')]
    await expect(new SqliteMigrator(database, broken).up()).rejects.toThrow()
    expect(database.prepare('SELECT name FROM sqlite_schema WHERE name = \'half\'').get()).toBeUndefined()
    expect(new SqliteMigrator(database).status()).toEqual({ applied: MIGRATIONS.map(({ name }) => name), pending: [] })
  })

  it('refuse a file of a newer version and leave it alone (F18)', async () => {
    const { database, path } = await openFile()
    await new SqliteMigrator(database, [...MIGRATIONS, extra('003_later', 'CREATE TABLE later (a TEXT) STRICT')]).up()
    database.close()
    const before = await readFile(path)
    await expect(openLocalDatabase({ path, ...OPTIONS }, testLog())).rejects.toMatchObject({ fault: 'foreign', message: expect.stringContaining('newer version of or3-provider-sqlite (it has 003_later)') })
    expect((await readFile(path)).equals(before)).toBe(true)
  })

  it('refuse a file whose past was edited', async () => {
    const { database } = await openFile()
    await new SqliteMigrator(database).up()
    const edited = MIGRATIONS.map(migration => migration.name === '001_init' ? { ...migration, checksum: 'other' } : migration)
    expect(() => new SqliteMigrator(database, edited).status()).toThrow('another text of 001_init')
  })

  it('refuse another program\'s file and another provider\'s', async () => {
    const { database: program } = await openFile()
    program.exec('CREATE TABLE notes (a TEXT)')
    expect(() => new SqliteMigrator(program).status()).toThrow('belongs to another program')

    const { database: upstream } = await openFile()
    upstream.exec('CREATE TABLE kysely_migration (name TEXT PRIMARY KEY, timestamp TEXT NOT NULL); INSERT INTO kysely_migration VALUES (\'001_init\', \'2026\'); CREATE TABLE users (id TEXT)')
    expect(() => new SqliteMigrator(upstream).status()).toThrow('written by another SQLite provider')
  })

  it('refuse what is no database', async () => {
    const path = join(await temporaryFolder(), 'text.sqlite')
    await writeFile(path, 'This is a letter, not a database. '.repeat(100))
    await expect(openLocalDatabase({ path, ...OPTIONS }, testLog())).rejects.toMatchObject({ fault: 'foreign' })
    expect(await readFile(path, 'utf8')).toContain('This is a letter')
  })

  it('copy a file with data before they change it (F18)', async () => {
    const { database, path } = await openFile()
    await new SqliteMigrator(database, MIGRATIONS.slice(0, 1)).up()
    database.exec('INSERT INTO users (id, created_at_ms) VALUES (\'u1\', 1)')
    const log = testLog()
    const engine = await openLocalDatabase({ path, ...OPTIONS }, log)
    expect((await stat(`${path}.before-002_sync_tables`)).mode & 0o777).toBe(0o600)
    expect((await readdir(dirname(path))).filter(name => name.endsWith('.part'))).toEqual([])
    onTestFinished(() => engine.close())
    const copy = new Database(`${path}.before-002_sync_tables`, { readonly: true })
    onTestFinished(() => void copy.close())
    expect(copy.prepare('SELECT id FROM users').pluck().all()).toEqual(['u1'])
    expect(copy.prepare('SELECT name FROM kysely_migration').pluck().all()).toEqual(['001_init'])
    expect(engine.handle.prepare('SELECT id FROM users').pluck().all()).toEqual(['u1'])
    expect(log.lines).toEqual(['info The database was copied before it is migrated from 001_init.'])
  })

  it('keep the copy of before, although two processes migrate at once (F18)', async () => {
    const { database, path } = await openFile()
    await new SqliteMigrator(database, MIGRATIONS.slice(0, 1)).up()
    const insert = database.prepare('INSERT INTO users (id, email, created_at_ms) VALUES (?, ?, 1)')
    database.transaction(() => {
      for (let user = 0; user < 20_000; user++) insert.run(`u${user}`, 'x'.repeat(200))
    })()
    database.close()
    const engines = await Promise.all([0, 1].map(() => openLocalDatabase({ path, ...OPTIONS }, testLog())))
    for (const engine of engines) await engine.close()
    const copy = new Database(`${path}.before-002_sync_tables`, { readonly: true })
    onTestFinished(() => void copy.close())
    expect(copy.prepare('SELECT name FROM kysely_migration').pluck().all()).toEqual(['001_init'])
    expect(copy.prepare('SELECT COUNT(*) FROM users').pluck().get()).toBe(20_000)
  })
})
