import { setTimeout as delay } from 'node:timers/promises'
import { BetterSqlite3Engine } from '../engine/better-sqlite3'
import type { LocalEngineOptions } from '../engine/better-sqlite3'
import { DatabaseError, toDatabaseError } from '../engine/errors'
import { SqliteMigrator } from './migrator'

/**
 * Opens the local database and brings it to this version's schema. A file that already holds data is
 * copied before it is changed (hazard F18). Throws DatabaseError.
 */
export async function openLocalDatabase(options: LocalEngineOptions, log: { info(message: string): void }): Promise<BetterSqlite3Engine> {
  const engine = await openPatiently(options)
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

const OPEN_PAUSE_MS = 20

/** Switching a new file to WAL answers busy at once while another process does the same. */
async function openPatiently(options: LocalEngineOptions): Promise<BetterSqlite3Engine> {
  const deadline = performance.now() + options.busyTimeoutMs
  for (;;) {
    try {
      return new BetterSqlite3Engine(options)
    }
    catch (error) {
      if (!(error instanceof DatabaseError) || error.fault !== 'busy' || performance.now() >= deadline) throw error
    }
    await delay(OPEN_PAUSE_MS)
  }
}
