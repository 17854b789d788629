import type Database from 'better-sqlite3'
import type { BulkStatement, Reading, SqlValue, Statement } from './engine'
import type { Transactions } from './group-commit'

type Prepared = Database.Statement<SqlValue[], unknown>

/** More distinct SQL texts than this means that somebody builds SQL from data; the cache must not grow with it. */
const MAX_PREPARED = 500

export interface SlowLog {
  readonly thresholdMs: number
  readonly onSlow: (ms: number, sql: string) => void
}

/** A driver handle with its prepared statements. */
export class Connection implements Transactions {
  readonly #prepared = new Map<string, Prepared>()

  constructor(readonly handle: Database.Database, private readonly slow?: SlowLog) {}

  run(statement: Statement | BulkStatement): unknown[] {
    return this.slow ? this.#timed(statement.sql, () => this.#run(statement)) : this.#run(statement)
  }

  #timed<Result>(sql: string, work: () => Result): Result {
    if (!this.slow) return work()
    const started = performance.now()
    try {
      return work()
    }
    finally {
      const ms = performance.now() - started
      if (ms > this.slow.thresholdMs) this.slow.onSlow(ms, sql)
    }
  }

  #run(statement: Statement | BulkStatement): unknown[] {
    const prepared = this.#prepare(statement.sql)
    if ('rows' in statement) {
      for (const row of statement.rows) prepared.run(...row)
      return []
    }
    if (prepared.reader) return prepared.all(...statement.parameters)
    prepared.run(...statement.parameters)
    return []
  }

  /** Runs a generator of statements to its end. */
  drive<Result>(work: Reading<Result>): Result {
    let step = work.next()
    while (!step.done) step = work.next(this.run(step.value))
    return step.value
  }

  /** Runs `work` on one snapshot of the database. */
  reading<Result>(work: () => Result): Result {
    this.#prepare('BEGIN').run()
    try {
      const result = work()
      this.commit()
      return result
    }
    catch (error) {
      this.rollback()
      throw error
    }
  }

  begin(): void {
    this.#timed('BEGIN IMMEDIATE', () => this.#prepare('BEGIN IMMEDIATE').run())
  }

  commit(): void {
    // On a slow disk this is where the time goes.
    this.#timed('COMMIT', () => this.#prepare('COMMIT').run())
  }

  rollback(): void {
    // A full disk or an I/O error may have rolled the transaction back already.
    if (this.inTransaction) this.#prepare('ROLLBACK').run()
  }

  savepoint(): void {
    this.#prepare('SAVEPOINT unit').run()
  }

  release(): void {
    this.#prepare('RELEASE unit').run()
  }

  rollbackToSavepoint(): void {
    this.#prepare('ROLLBACK TO unit').run()
  }

  get inTransaction(): boolean {
    return this.handle.inTransaction
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql)
    if (known) return known
    if (this.#prepared.size >= MAX_PREPARED) this.#prepared.clear()
    const prepared = this.handle.prepare<SqlValue[]>(sql)
    this.#prepared.set(sql, prepared)
    return prepared
  }
}
