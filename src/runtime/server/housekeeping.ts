import { setImmediate as nextTick } from 'node:timers/promises'

/** Work that nobody waits for; returns how much it did, so that the rest can follow at once. */
export type Chore = () => Promise<number>

/** How often, in milliseconds. What is past its time takes no part in anything, so this only frees space. */
const INTERVAL_MS = 600_000
/** Rounds in a row; the server works in between, and what is left waits for the next time. */
const MAX_ROUNDS = 2000

/** Removes what has expired, in the background and in small steps. */
export class Housekeeping {
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined

  constructor(private readonly chores: readonly Chore[], private readonly onFault: (error: unknown) => void) {}

  start(): void {
    this.#timer = setInterval(() => void this.run(), INTERVAL_MS)
    this.#timer.unref()
  }

  /** Does every chore until it is done or has had its rounds. One run at a time. */
  async run(): Promise<void> {
    await (this.#running ??= this.#all().finally(() => this.#running = undefined))
  }

  /** Settles when nothing of it runs any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }

  async #all(): Promise<void> {
    for (const chore of this.chores) {
      try {
        for (let round = 0; round < MAX_ROUNDS && await chore() > 0; round++) await nextTick()
      }
      catch (error) {
        this.onFault(error)
      }
    }
  }
}
