import type { Engine, SqlValue } from '../../src/runtime/server/engine/engine'

/** Looks into the database past the stores. */
export async function select<Row>(engine: Engine, sql: string, ...parameters: SqlValue[]): Promise<Row[]> {
  return engine.all<Row>({ sql, parameters })
}

export async function count(engine: Engine, table: string, where = 'true'): Promise<number> {
  const [row] = await select<{ n: number }>(engine, `SELECT COUNT(*) AS n FROM ${table} WHERE ${where}`)
  return row?.n ?? 0
}
