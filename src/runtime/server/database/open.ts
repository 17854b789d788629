import Database from 'better-sqlite3'
import { BetterSqlite3Engine } from '../engine/better-sqlite3'
import type { LocalEngineOptions } from '../engine/better-sqlite3'
import { DatabaseError, toDatabaseError } from '../engine/errors'
import { whileBusy } from '../engine/patience'
import { SqliteMigrator } from './migrator'

/**
 * Opens the local database and brings it to this version's schema. A file that already holds data is
 * copied before it is changed (hazard F18). Throws DatabaseError.
 */
export async function openLocalDatabase(options: LocalEngineOptions, log: { info(message: string): void }): Promise<BetterSqlite3Engine> {
  await whileBusy(options.busyTimeoutMs, () => inspect(options))
  const engine = await whileBusy(options.busyTimeoutMs, () => new BetterSqlite3Engine(options))
  try {
    await whileBusy(options.busyTimeoutMs, () => migrate(engine, options, log))
    return engine
  }
  catch (error) {
    await engine.close()
    throw error
  }
}

/** Refuses a file that is not ours before a single pragma has touched it. */
function inspect({ path, busyTimeoutMs }: LocalEngineOptions): void {
  if (path === ':memory:') return
  const database = new Database(path, { readonly: true, timeout: busyTimeoutMs })
  try {
    new SqliteMigrator(database).status()
  }
  catch (error) {
    const trouble = toDatabaseError(error)
    // After a crash a reader may not roll back what was half written; the writer will, and looks again.
    if (!(trouble instanceof DatabaseError && trouble.fault === 'readonly')) throw trouble
  }
  finally {
    database.close()
  }
}

async function migrate(engine: BetterSqlite3Engine, { path }: LocalEngineOptions, log: { info(message: string): void }): Promise<void> {
  const migrator = new SqliteMigrator(engine.handle)
  const { applied, pending: [next] } = migrator.status()
  if (next === undefined) return
  if (migrator.holdsData()) {
    // A copy starts again when another process writes, and that one may have migrated by then.
    const keepIf = () => migrator.status().pending[0] === next
    await engine.backup(`${path}.before-${next}`, { keepIf })
    log.info(`The database was copied before it is migrated from ${applied.at(-1)}.`)
  }
  await migrator.up()
}
