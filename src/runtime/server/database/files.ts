import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { BetterSqlite3Engine } from '../engine/better-sqlite3'
import type { LocalEngineOptions } from '../engine/better-sqlite3'
import { DatabaseError, toDatabaseError } from '../engine/errors'
import { isBusy } from '../engine/patience'
import type { MigrationStatus } from './migrator'
import { SqliteMigrator } from './migrator'

/* What a command line does with database files that a server does not. */

/** The migrations of a file, looked at without changing it. Throws {@link DatabaseError}. */
export function migrationStatus(path: string): MigrationStatus {
  return withHandle(path, { readonly: true }, database => new SqliteMigrator(database).status())
}

/** Applies what is pending. Returns the names. Throws {@link DatabaseError}. */
export async function migrateUp(path: string): Promise<string[]> {
  return withMigrator(path, migrator => migrator.up())
}

/** Reverts down to but not including `name`, or everything without one. Returns the names. Throws {@link DatabaseError}. */
export async function migrateDown(path: string, name?: string): Promise<string[]> {
  return withMigrator(path, migrator => migrator.down(name))
}

/** Opens a file that is there and has this version's schema; it is not migrated. Throws {@link DatabaseError}. */
export function openExisting(options: LocalEngineOptions): BetterSqlite3Engine {
  const { pending } = migrationStatus(options.path)
  if (pending.length > 0) throw new DatabaseError('foreign', { message: `The database lacks ${pending.length} migrations of this version. Run "or3-provider-sqlite migrate up", or start the server, which does it.` })
  return new BetterSqlite3Engine(options)
}

/**
 * Whether a process has the database open. It is left without a WAL where none has, which is how SQLite
 * leaves a file that is closed; the next server switches it on again. Undefined for a file that has no WAL: an
 * idle server with another journal mode holds nothing.
 */
export function isHeld(path: string): boolean | undefined {
  if (!existsSync(path)) return false
  const database = new Database(path, { timeout: 0 })
  try {
    if (database.pragma('journal_mode', { simple: true }) !== 'wal') return undefined
    return database.pragma('journal_mode = DELETE', { simple: true }) === 'wal'
  }
  catch (error) {
    return isBusy(toDatabaseError(error))
  }
  finally {
    database.close()
  }
}

/** Rewrites the file without its free pages. Throws {@link DatabaseError}, `busy` while others write. */
export function vacuum(path: string): void {
  withHandle(path, {}, database => void database.exec('VACUUM'))
}

async function withMigrator<Result>(path: string, work: (migrator: SqliteMigrator) => Promise<Result>): Promise<Result> {
  const database = new Database(path, { fileMustExist: true, timeout: 5000 })
  try {
    database.pragma('foreign_keys = ON')
    const migrator = new SqliteMigrator(database)
    migrator.status()
    return await work(migrator)
  }
  catch (error) {
    throw toDatabaseError(error)
  }
  finally {
    database.close()
  }
}

function withHandle<Result>(path: string, options: Database.Options, work: (database: Database.Database) => Result): Result {
  let database: Database.Database | undefined
  try {
    database = new Database(path, { fileMustExist: true, timeout: 5000, ...options })
    return work(database)
  }
  catch (error) {
    throw toDatabaseError(error)
  }
  finally {
    database?.close()
  }
}
