import Database from 'better-sqlite3'
import { onTestFinished, vi } from 'vitest'

interface Prepared {
  readonly source: string
  run(...parameters: unknown[]): unknown
  all(...parameters: unknown[]): unknown
}

export interface FailingStatements {
  /** From now on the nth statement of every connection fails with this code, once. */
  failAt(nth: number, code: string): void
  /** Whether it has failed. Nothing fails any more after this. */
  stop(): boolean
  /** Called before each statement, with its SQL. */
  before: (sql: string) => void
}

/** Gives the driver a disk that fails: its statements throw what SQLite throws, where and when a test says so. */
export function failingStatements(): FailingStatements {
  const scratch = new Database(':memory:')
  const prototype = Object.getPrototypeOf(scratch.prepare('SELECT 1')) as Prepared
  scratch.close()
  let left = Number.POSITIVE_INFINITY
  let failure = ''
  let failed = false
  const control: FailingStatements = {
    failAt(nth, code) {
      left = nth
      failure = code
      failed = false
    },
    stop() {
      left = Number.POSITIVE_INFINITY
      return failed
    },
    before: () => {},
  }
  for (const name of ['run', 'all'] as const) {
    const original = prototype[name]
    const spy = vi.spyOn(prototype, name).mockImplementation(function (this: Prepared, ...parameters: unknown[]) {
      control.before(this.source)
      left -= 1
      if (left === 0) {
        failed = true
        throw new Database.SqliteError(`injected ${failure}`, failure)
      }
      return original.apply(this, parameters)
    })
    onTestFinished(() => spy.mockRestore())
  }
  return control
}
