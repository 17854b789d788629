import type { Compilable } from 'kysely'
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { SqlValue, Statement } from '../engine/engine'
import type { DatabaseSchema } from './schema'

/**
 * Builds typed SQL and runs nothing: Kysely's own SQLite driver prepares each statement anew, opens
 * deferred transactions and shares one connection between awaits. The engine runs what is compiled here.
 */
export const query = new Kysely<DatabaseSchema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: db => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})

/** A Kysely query as a statement for the engine. */
export function compile<Row>(built: Compilable<Row>): Statement<Row> {
  const { sql, parameters } = built.compile()
  return { sql, parameters: parameters as readonly SqlValue[] }
}
