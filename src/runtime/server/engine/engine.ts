/**
 * How SQL runs. One file per engine implements {@link Engine}; nothing outside this folder may assume
 * that the database is a local file or that its driver is synchronous.
 */

/** What SQLite, libSQL and D1 can bind without conversion. */
export type SqlValue = string | number | bigint | null | Uint8Array

/** One SQL text with its parameters. `Row` is the shape of what it returns. */
export interface Statement<Row = unknown> {
  readonly sql: string
  readonly parameters: readonly SqlValue[]
  /** Never set: carries the row type. */
  readonly row?: Row
}

/** One SQL text run once for each list of parameters, in order. Returns no rows. */
export interface BulkStatement {
  readonly sql: string
  readonly rows: readonly (readonly SqlValue[])[]
}

/** Reads as a generator: yields statements, gets their rows, returns a result. */
export type Reading<Result> = Generator<Statement, Result, readonly unknown[]>

/** What a unit of work wants written, and what it answers once that is committed. */
export interface Plan<Result> {
  readonly writes: readonly (Statement | BulkStatement)[]
  readonly result: Result
}

export interface Engine {
  /** One read. Throws {@link DatabaseError}. */
  all<Row>(statement: Statement<Row>): Promise<Row[]>
  /** Several reads of one consistent snapshot. `work` may be run again and must have no side effect. */
  read<Result>(work: () => Reading<Result>): Promise<Result>
  /** All statements or none, under the write lock. Rows of each statement, in order; none for a bulk one. */
  batch(statements: readonly (Statement | BulkStatement)[]): Promise<BatchResult>
  /**
   * Look, then leap: `work` yields its reads and returns its writes; nothing else writes in between.
   * `work` may be run again after a lost race and must have no side effect.
   */
  write<Result>(work: () => Reading<Plan<Result>>): Promise<Result>
  /** Copies the database, while it is in use, to a private file that is there only once it is whole. */
  backup(target: string, options?: BackupOptions): Promise<void>
  /** The faults SQLite finds in the file; empty when it is sound. */
  check(): Promise<string[]>
  /** Gives a bounded number of free pages back to the file system. */
  reclaim(): Promise<void>
  /** Checkpoints and closes. Calls after it fail with {@link DatabaseError} `closed`. */
  close(): Promise<void>
}

export interface BackupOptions {
  readonly onProgress?: (progress: BackupProgress) => void
  /** Asked when the copy is whole; it is thrown away on false. */
  readonly keepIf?: () => boolean
}

export interface BackupProgress {
  readonly totalPages: number
  readonly remainingPages: number
}

/** The rows of a batch, found again by the statement that asked for them. */
export class BatchResult {
  readonly #rows = new Map<Statement | BulkStatement, readonly unknown[]>()

  constructor(statements: readonly (Statement | BulkStatement)[], rows: readonly (readonly unknown[])[]) {
    statements.forEach((statement, index) => this.#rows.set(statement, rows[index] ?? []))
  }

  /** The rows `statement` returned. The row type is the one declared where its SQL is written. */
  rowsOf<Row>(statement: Statement<Row>): readonly Row[] {
    return (this.#rows.get(statement) ?? []) as readonly Row[]
  }
}

/** Reads the rows of one statement inside a unit of work: `const rows = yield* ask(statement)`. */
export function* ask<Row>(statement: Statement<Row>): Reading<readonly Row[]> {
  return (yield statement) as readonly Row[]
}

/** Names an SQL text once and binds it many times. */
export function prepared<Row>(sql: string): (...parameters: SqlValue[]) => Statement<Row> {
  return (...parameters) => ({ sql, parameters })
}

/** Runs one statement that returns a row for each it changed, and tells how many. Throws {@link DatabaseError}. */
export async function countChanged(engine: Engine, statement: Statement): Promise<number> {
  return (await engine.batch([statement])).rowsOf(statement).length
}
