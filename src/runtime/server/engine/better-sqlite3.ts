import { randomUUID } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import Database from 'better-sqlite3'
import type { BackupOptions, BulkStatement, Engine, Plan, Reading, Statement } from './engine'
import { Checkpointer } from './checkpointer'
import type { SlowLog } from './connection'
import { Connection } from './connection'
import { BatchResult } from './engine'
import { DatabaseError, toDatabaseError } from './errors'
import { createPrivate, removeStaleParts } from './file'
import { GroupCommit } from './group-commit'
import { isBusy } from './patience'

type Handle = Database.Database

export interface LocalEngineOptions {
  /** A file path, or `:memory:`. */
  readonly path: string
  readonly journalMode: string
  readonly synchronous: string
  /** How long a write waits for another process's lock, in milliseconds. */
  readonly busyTimeoutMs: number
  /** Called each time a write finds the lock taken. */
  readonly onBusy?: () => void
  /** Told of statements that take longer; without their parameters. */
  readonly slow?: SlowLog
}

/** SQLite sleeps inside the call while it waits, so one wait is short and the rest is done between ticks. */
const BLOCKING_WAIT_MS = 40
const CACHE_KIB = 16_384
/** The WAL is cut back to this after a checkpoint, so a burst does not keep the disk (hazard F12). */
const WAL_KEEP_BYTES = 64 * 1024 * 1024
const RECLAIM_PAGES = 512
const BACKUP_PAGES_PER_STEP = 256

/**
 * SQLite in the process through better-sqlite3. One connection writes and one reads: in WAL mode readers
 * never wait for the writer and never see half a transaction. Every transaction begins and ends within
 * one tick, so nothing of ours can land inside it (trap I2); writes that wait together share one.
 */
export class BetterSqlite3Engine implements Engine {
  readonly #writer: Connection
  readonly #reader: Connection
  readonly #commits: GroupCommit
  readonly #checkpointer: Checkpointer | undefined
  #open = true

  constructor(private readonly options: LocalEngineOptions) {
    try {
      const writer = openWriter(options)
      this.#writer = new Connection(writer, options.slow)
      this.#reader = options.path === ':memory:' ? this.#writer : new Connection(openReader(options, writer), options.slow)
      this.#checkpointer = options.path === ':memory:' || options.journalMode !== 'WAL'
        ? undefined
        : new Checkpointer({ path: options.path, setOwnPages: pages => this.#setOwnCheckpoints(pages) })
      this.#commits = new GroupCommit(this.#writer, { busyTimeoutMs: options.busyTimeoutMs, ...options.onBusy ? { onBusy: options.onBusy } : {}, onCommit: () => this.#checkpointer?.committed() })
    }
    catch (error) {
      throw toDatabaseError(error)
    }
  }

  /** The writing connection, for the migrator, which runs before any store does. */
  get handle(): Handle {
    return this.#writer.handle
  }

  async all<Row>(statement: Statement<Row>): Promise<Row[]> {
    return this.#guard(() => this.#reader.run(statement) as Row[])
  }

  async read<Result>(work: () => Reading<Result>): Promise<Result> {
    return this.#guard(() => this.#reader.reading(() => this.#reader.drive(work())))
  }

  async batch(statements: readonly (Statement | BulkStatement)[]): Promise<BatchResult> {
    this.#assertOpen()
    const rows = await this.#commits.add(() => statements.map(statement => this.#writer.run(statement)))
    return new BatchResult(statements, rows)
  }

  async write<Result>(work: () => Reading<Plan<Result>>): Promise<Result> {
    this.#assertOpen()
    return this.#commits.add(() => {
      const plan = this.#writer.drive(work())
      for (const statement of plan.writes) this.#writer.run(statement)
      return plan.result
    })
  }

  async backup(target: string, { onProgress, keepIf }: BackupOptions = {}): Promise<void> {
    this.#assertOpen()
    const unfinished = `${target}.${randomUUID()}.part`
    let source: Handle | undefined
    try {
      await removeStaleParts(target)
      await createPrivate(unfinished)
      source = this.#snapshot()
      await (source ?? this.handle).backup(unfinished, {
        progress: (progress) => {
          onProgress?.(progress)
          return BACKUP_PAGES_PER_STEP
        },
      })
      if (keepIf?.() !== false) await rename(unfinished, target)
    }
    catch (error) {
      throw this.#open ? toDatabaseError(error) : new DatabaseError('closed')
    }
    finally {
      source?.close()
      await rm(unfinished, { force: true })
    }
  }

  /**
   * A connection that stays at one moment, where readers hold nobody up. A copy of what another process writes
   * to begins anew with each of its commits, and with a busy server would never end.
   */
  #snapshot(): Handle | undefined {
    if (this.options.path === ':memory:' || this.options.journalMode !== 'WAL') return undefined
    const handle = new Database(this.options.path, { readonly: true, timeout: this.options.busyTimeoutMs })
    handle.exec('BEGIN; SELECT 1 FROM sqlite_schema')
    return handle
  }

  async check(): Promise<string[]> {
    try {
      return this.#guard(() => findFaults(this.#reader.handle))
    }
    catch (error) {
      // Some damage ends the check itself.
      if (error instanceof DatabaseError && error.fault === 'corrupt') return [error.message]
      throw error
    }
  }

  async reclaim(): Promise<void> {
    try {
      this.#guard(() => this.handle.pragma(`incremental_vacuum(${RECLAIM_PAGES})`))
    }
    catch (error) {
      // Somebody is writing: the pages stay free and are given back another time.
      if (!isBusy(error)) throw error
    }
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.#commits.idle()
    await this.#checkpointer?.stop()
    if (this.#reader !== this.#writer) this.#reader.handle.close()
    try {
      this.handle.pragma('optimize')
      this.handle.pragma('wal_checkpoint(TRUNCATE)')
    }
    catch (error) {
      // Another process may hold the lock; what it leaves in the WAL is read at the next open.
      if (!(toDatabaseError(error) instanceof DatabaseError)) throw error
    }
    finally {
      this.handle.close()
    }
  }

  /** Whether checkpoints are made beside the server by now. */
  get checkpointsAside(): boolean {
    return this.#checkpointer?.isHelped ?? false
  }

  #setOwnCheckpoints(pages: number): void {
    if (this.#open) this.handle.pragma(`wal_autocheckpoint = ${pages}`)
  }

  #guard<Result>(work: () => Result): Result {
    this.#assertOpen()
    try {
      return work()
    }
    catch (error) {
      throw toDatabaseError(error)
    }
  }

  #assertOpen(): void {
    if (!this.#open) throw new DatabaseError('closed')
  }
}

function findFaults(handle: Handle): string[] {
  const found = handle.pragma('integrity_check(20)') as { integrity_check: string }[]
  const orphans = handle.pragma('foreign_key_check') as { table: string }[]
  return [
    ...found.map(row => row.integrity_check).filter(text => text !== 'ok'),
    ...orphans.slice(0, 20).map(row => `a row of ${row.table} refers to a row that does not exist`),
  ]
}

function openWriter(options: LocalEngineOptions): Handle {
  const handle = new Database(options.path, { timeout: options.busyTimeoutMs })
  try {
    // Lets collection return space in steps (hazard F9). Later than the first page it would only take the write lock.
    if (handle.pragma('page_count', { simple: true }) === 0) handle.pragma('auto_vacuum = INCREMENTAL')
    handle.pragma(`journal_mode = ${options.journalMode}`)
    handle.pragma(`synchronous = ${options.synchronous}`)
    handle.pragma('foreign_keys = ON')
    handle.pragma(`journal_size_limit = ${WAL_KEEP_BYTES}`)
    handle.pragma(`cache_size = -${CACHE_KIB}`)
    handle.pragma('temp_store = MEMORY')
    handle.pragma(`busy_timeout = ${Math.min(BLOCKING_WAIT_MS, options.busyTimeoutMs)}`)
    return handle
  }
  catch (error) {
    handle.close()
    throw error
  }
}

function openReader(options: LocalEngineOptions, writer: Handle): Handle {
  try {
    const handle = new Database(options.path, { readonly: true, timeout: options.busyTimeoutMs })
    handle.pragma(`cache_size = -${CACHE_KIB}`)
    return handle
  }
  catch (error) {
    writer.close()
    throw error
  }
}
