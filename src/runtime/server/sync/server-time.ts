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
  #latest: Promise<number> | undefined

  constructor(private readonly engine: Engine, private readonly clock: Clock) {}

  /** Milliseconds; undefined where the server cannot tell. Throws DatabaseError. */
  async latest(): Promise<number | undefined> {
    this.#latest ??= this.#lastEntry().catch((error: unknown) => {
      this.#latest = undefined
      throw error
    })
    const latest = Math.max(await this.#latest, this.clock.now())
    this.#latest = Promise.resolve(latest)
    return latest < EARLIEST_MS ? undefined : latest
  }

  async #lastEntry(): Promise<number> {
    const [row] = await this.engine.all(lastEntry())
    return (row?.created_at ?? 0) * 1000
  }
}
