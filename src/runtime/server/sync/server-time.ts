import type { Clock } from '../clock'
import type { Engine } from '../engine/engine'
import { prepared } from '../engine/engine'

/** When this was written. A server that believes to be before that knows nothing of the time (a board without a battery does). */
const EARLIEST_MS = Date.UTC(2026, 0, 1)

const lastEntry = prepared<{ created_at: number }>('SELECT created_at FROM change_log ORDER BY rowid DESC LIMIT 1')

/**
 * What devices' times are judged by (hazard F13). A server whose clock was set back would take the times of
 * every device for the future and refuse what they wrote, for good: so the log's own last time counts too,
 * and a clock that cannot be right judges nobody.
 */
export class ServerTime {
  #written: Promise<number> | undefined

  constructor(private readonly engine: Engine, private readonly clock: Clock) {}

  /** Milliseconds; undefined where the server cannot tell. Throws DatabaseError. */
  async latest(): Promise<number | undefined> {
    this.#written ??= this.#lastEntry().catch((error: unknown) => {
      this.#written = undefined
      throw error
    })
    // Of the log when the server began, and not the latest it believed since: a moment in 2099 must pass.
    const latest = Math.max(await this.#written, this.clock.now())
    return latest < EARLIEST_MS ? undefined : latest
  }

  async #lastEntry(): Promise<number> {
    const [row] = await this.engine.all(lastEntry())
    return (row?.created_at ?? 0) * 1000
  }
}
