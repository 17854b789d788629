import type { Engine, Statement } from './engine'

/**
 * Lets equal reads that are asked for together share one. A read that has its rows is not shared any more, so
 * nobody gets rows from before their call. The rows are shared too: whoever asks must not change them.
 */
export function shareReads(engine: Pick<Engine, 'all'>): Pick<Engine, 'all'> {
  const asked = new Map<string, Promise<unknown[]>>()
  return {
    all<Row>(statement: Statement<Row>): Promise<Row[]> {
      const key = JSON.stringify([statement.sql, statement.parameters])
      const known = asked.get(key) as Promise<Row[]> | undefined
      if (known) return known
      const rows = engine.all(statement).finally(() => asked.delete(key))
      asked.set(key, rows)
      return rows
    },
  }
}
