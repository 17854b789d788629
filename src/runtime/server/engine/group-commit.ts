import { setImmediate as nextTurn } from 'node:timers/promises'
import { toDatabaseError } from './errors'
import { whileBusy } from './patience'

/** What a connection offers to write with. All of it is synchronous. */
export interface Transactions {
  begin(): void
  commit(): void
  /** Ends the transaction without a trace; does nothing where SQLite has ended it already. */
  rollback(): void
  savepoint(): void
  /** Keeps what was done since the savepoint. */
  release(): void
  /** Undoes it. */
  rollbackToSavepoint(): void
  readonly inTransaction: boolean
}

interface Unit {
  run(): unknown
  settle(value: unknown): void
  fail(error: unknown): void
}

type Outcome = { readonly value: unknown } | { readonly error: unknown }

/** A group is committed when this much time has gone by, in milliseconds: longer ones would hold the server up. */
const GROUP_MS = 10

/**
 * Lets units of work that wait at the same time share one commit: what a commit costs, above all with
 * `synchronous=FULL`, is paid once. Each unit is all or nothing by itself, in the order of the calls, and
 * its caller hears of it only after the commit.
 */
export class GroupCommit {
  #waiting: Unit[] = []
  #draining: Promise<void> | undefined

  /** `onCommit` must not throw. */
  constructor(private readonly connection: Transactions, private readonly options: { busyTimeoutMs: number, onCommit?: () => void, onBusy?: () => void }) {}

  /** Runs `work` in a transaction of its own or of a group. It may be run again and must have no side effect. */
  add<Result>(work: () => Result): Promise<Result> {
    return new Promise((settle, fail) => {
      this.#waiting.push({ run: work, settle: value => settle(value as Result), fail })
      this.#draining ??= this.#drain()
    })
  }

  /** Settles when nothing waits. */
  async idle(): Promise<void> {
    await this.#draining
  }

  async #drain(): Promise<void> {
    do {
      // Whoever asks in this turn of the event loop joins: with many clients, their requests come in one turn.
      await nextTurn()
      await this.#commitWaiting()
    } while (this.#waiting.length > 0)
    this.#draining = undefined
  }

  async #commitWaiting(): Promise<void> {
    let tried = 0
    let outcomes: Outcome[]
    try {
      outcomes = await whileBusy(this.options.busyTimeoutMs, () => {
        tried = this.#waiting.length
        return this.#commit(this.#waiting)
      }, this.options.onBusy)
    }
    catch (error) {
      for (const unit of this.#waiting.splice(0, tried)) unit.fail(error)
      return
    }
    const units = this.#waiting.splice(0, outcomes.length)
    for (const [index, outcome] of outcomes.entries()) {
      if ('error' in outcome) units[index]?.fail(outcome.error)
      else units[index]?.settle(outcome.value)
    }
    this.options.onCommit?.()
  }

  /** Runs units from the first on until their time is up, and commits. Throws where nothing was written. */
  #commit(units: readonly Unit[]): Outcome[] {
    const { connection } = this
    const deadline = performance.now() + GROUP_MS
    const outcomes: Outcome[] = []
    connection.begin()
    try {
      for (const unit of units) {
        // One alone needs no savepoint: what it throws ends the transaction.
        outcomes.push(units.length === 1 ? { value: unit.run() } : this.#attempt(unit))
        if (performance.now() > deadline) break
      }
      connection.commit()
      return outcomes
    }
    catch (error) {
      connection.rollback()
      throw error
    }
  }

  #attempt(unit: Unit): Outcome {
    const { connection } = this
    connection.savepoint()
    try {
      const value = unit.run()
      connection.release()
      return { value }
    }
    catch (error) {
      // A full disk or an I/O error may have ended the transaction, and with it what the others had done.
      if (!connection.inTransaction) throw error
      connection.rollbackToSavepoint()
      connection.release()
      return { error: toDatabaseError(error) }
    }
  }
}
