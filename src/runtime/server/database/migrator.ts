import type { Database } from 'better-sqlite3'
import type { DatabaseConnection, Dialect } from 'kysely'
import { CompiledQuery, Kysely, SqliteAdapter, SqliteDialect, SqliteDriver } from 'kysely'
import { Migrator } from 'kysely/migration'
import { DatabaseError } from '../engine/errors'
import type { EmbeddedMigration } from './migrations.generated'
import { MIGRATIONS } from './migrations.generated'

/** "OR3S" in ASCII; 001_init writes it into the file's header. */
const APPLICATION_ID = 0x4F523353
const LEDGER = 'kysely_migration'
const CHECKSUMS = 'or3_migration_checksums'

/** What the ledger of a file says, compared with the migrations this code has. */
export interface MigrationStatus {
  readonly applied: readonly string[]
  readonly pending: readonly string[]
}

/**
 * Applies and reverts the migrations of one file. Kysely's Migrator keeps the ledger; two overrides give
 * it what it lacks on SQLite: each step runs in one immediate transaction, so a failing migration leaves
 * nothing behind and processes that start together wait for each other.
 */
export class SqliteMigrator {
  constructor(
    private readonly database: Database,
    private readonly migrations: readonly EmbeddedMigration[] = MIGRATIONS,
  ) {}

  /**
   * Refuses a file of another program, a ledger newer than this code, and a migration edited after it was
   * applied. Throws {@link DatabaseError} `foreign` with a message for the operator.
   */
  status(): MigrationStatus {
    // Tables and ledger of one moment: another process may be migrating.
    return this.database.transaction(() => this.#status())()
  }

  /** Whether somebody has used the database: one that is still being made needs no copy. */
  holdsData(): boolean {
    return this.#tables().includes('users') && this.database.prepare('SELECT 1 FROM users LIMIT 1').get() !== undefined
  }

  #status(): MigrationStatus {
    const tables = this.#tables()
    if (tables.length === 0) return { applied: [], pending: this.#names() }
    if (!tables.includes(LEDGER)) throw foreign('The database file belongs to another program. Give OR3_SQLITE_DB_PATH a file of its own.')

    const applied = this.#column(`SELECT name FROM ${LEDGER} ORDER BY name`)
    if (applied.length > 0 && !this.#isOurs(tables)) {
      throw foreign('The database file was written by another SQLite provider. Give OR3_SQLITE_DB_PATH a new file; the old one was not changed.')
    }
    const unknown = applied.filter(name => !this.#names().includes(name))
    if (unknown.length > 0) {
      throw foreign(`The database file was written by a newer version of or3-provider-sqlite (it has ${unknown.join(', ')}). Install that version, or restore a backup made before the upgrade.`)
    }
    if (applied.length > 0) this.#checkChecksums(applied)
    return { applied, pending: this.#names().filter(name => !applied.includes(name)) }
  }

  /** Applies what is pending, one transaction each. Returns the names applied by this process. */
  async up(): Promise<string[]> {
    return this.#run(migrator => migrator.migrateUp())
  }

  /** Reverts down to but not including `name`, or everything without one. Returns the names reverted. */
  async down(name?: string): Promise<string[]> {
    const applied = this.status().applied
    if (name !== undefined && !applied.includes(name)) throw new DatabaseError('rejected', { message: `The migration ${name} is not applied.` })
    const steps = name === undefined ? applied.length : applied.length - 1 - applied.indexOf(name)
    return this.#run(migrator => migrator.migrateDown(), steps)
  }

  async #run(step: (migrator: Migrator) => ReturnType<Migrator['migrateUp']>, limit = Number.POSITIVE_INFINITY): Promise<string[]> {
    const db = new Kysely<Record<string, never>>({ dialect: immediateDialect(this.database) })
    const migrator = new Migrator({ db, provider: { getMigrations: async () => this.#provided() } })
    const done: string[] = []
    while (done.length < limit) {
      const { error, results } = await step(migrator)
      if (error !== undefined) throw error
      const names = results?.map(result => result.migrationName) ?? []
      if (names.length === 0) break
      done.push(...names)
    }
    return done
  }

  /** The scripts run on the handle itself, inside the transaction the Migrator has open on it. */
  #provided() {
    return Object.fromEntries(this.migrations.map(migration => [migration.name, {
      up: async () => {
        this.database.exec(`CREATE TABLE IF NOT EXISTS ${CHECKSUMS} (name TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL) STRICT, WITHOUT ROWID`)
        this.database.exec(migration.up)
        this.database.prepare(`INSERT INTO ${CHECKSUMS} (name, checksum) VALUES (?, ?)`).run(migration.name, migration.checksum)
      },
      down: async () => {
        this.database.exec(migration.down)
        this.database.prepare(`DELETE FROM ${CHECKSUMS} WHERE name = ?`).run(migration.name)
      },
    }]))
  }

  #checkChecksums(applied: readonly string[]): void {
    const stored = this.database.prepare<[], { name: string, checksum: string }>(`SELECT name, checksum FROM ${CHECKSUMS}`).all()
    const edited = this.migrations.filter(migration => applied.includes(migration.name)
      && stored.find(row => row.name === migration.name)?.checksum !== migration.checksum)
    if (edited.length > 0) {
      throw foreign(`The database file was made with another text of ${edited.map(migration => migration.name).join(', ')} than this version of or3-provider-sqlite has. Install the version that made it.`)
    }
  }

  #isOurs(tables: readonly string[]): boolean {
    return tables.includes(CHECKSUMS) && this.database.pragma('application_id', { simple: true }) === APPLICATION_ID
  }

  #tables(): string[] {
    return this.#column('SELECT name FROM sqlite_schema WHERE type = \'table\' AND name NOT LIKE \'sqlite\\_%\' ESCAPE \'\\\' ORDER BY name')
  }

  #column(sql: string): string[] {
    return this.database.prepare<[], string>(sql).pluck().all()
  }

  #names(): string[] {
    return this.migrations.map(migration => migration.name)
  }
}

function foreign(message: string): DatabaseError {
  return new DatabaseError('foreign', { message })
}

class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('BEGIN IMMEDIATE'))
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

function immediateDialect(database: Database): Dialect {
  const dialect = new SqliteDialect({ database })
  return {
    createAdapter: () => new TransactionalAdapter(),
    createDriver: () => new ImmediateDriver({ database }),
    createIntrospector: db => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  }
}
