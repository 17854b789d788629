import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { BetterSqlite3Engine } from '../engine/better-sqlite3'
import type { LocalEngineOptions } from '../engine/better-sqlite3'
import { DatabaseError, toDatabaseError } from '../engine/errors'
import { SqliteMigrator } from './migrator'

/**
 * Opens the local database and brings it to this version's schema. A file that already holds data is
 * copied before it is changed (hazard F18). Throws DatabaseError.
 */
export async function openLocalDatabase(options: LocalEngineOptions, log: { info(message: string): void }): Promise<BetterSqlite3Engine> {
  const engine = await patiently(options, () => {
    inspect(options)
    return new BetterSqlite3Engine(options)
  })
  try {
    const migrator = new SqliteMigrator(engine.handle)
    const { applied, pending } = migrator.status()
    if (pending.length === 0) return engine
    const last = applied.at(-1)
    if (last !== undefined) {
      await engine.backup(`${options.path}.before-${pending[0]}`)
      log.info(`The database was copied before it is migrated from ${last} to ${pending.at(-1)}.`)
    }
    await migrator.up()
    return engine
  }
  catch (error) {
    await engine.close()
    throw toDatabaseError(error)
  }
}

/** Refuses a file that is not ours before a single pragma has touched it. */
function inspect({ path, busyTimeoutMs }: LocalEngineOptions): void {
  if (path === ':memory:') return
  try {
    const database = new Database(path, { readonly: true, timeout: busyTimeoutMs })
    try {
      new SqliteMigrator(database).status()
    }
    finally {
      database.close()
    }
  }
  catch (error) {
    throw toDatabaseError(error)
  }
}

const PAUSE_MS = 20

/** Switching a new file to WAL answers busy at once while another process does the same. */
async function patiently<Result>({ busyTimeoutMs }: LocalEngineOptions, work: () => Result): Promise<Result> {
  const deadline = performance.now() + busyTimeoutMs
  for (;;) {
    try {
      return work()
    }
    catch (error) {
      if (!(error instanceof DatabaseError) || error.fault !== 'busy' || performance.now() >= deadline) throw error
    }
    await delay(PAUSE_MS)
  }
}
