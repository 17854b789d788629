import type { Clock } from '../clock'
import type { Engine } from '../engine/engine'
import { prepared } from '../engine/engine'

const sing = prepared<never>(`
  INSERT INTO chores (name, done_at_ms) VALUES ('canary', ?)
  ON CONFLICT (name) DO UPDATE SET done_at_ms = excluded.done_at_ms`)
const hear = prepared<{ done_at_ms: number }>('SELECT done_at_ms FROM chores WHERE name = \'canary\'')

/** Anybody may ask for the status, and each answer must not cost a write. */
const PAUSE_MS = 10_000
/** Trouble is looked at again sooner, and still not at each question: a write that waits is one more. */
const FAULT_PAUSE_MS = 1000

/** What is wrong with the database, or nothing. */
export type Health = 'sound' | 'unreadable' | 'unwritable' | 'stale'

/**
 * Sees whether the database moves, and not only whether it answers (hazard F10): a write must get through
 * and be seen by a read. Once it has, it need not again for ten seconds.
 */
export class Canary {
  #last: { readonly atMs: number, readonly health: Health } | undefined
  #looking: Promise<Health> | undefined

  constructor(private readonly engine: Engine, private readonly clock: Clock) {}

  /** Never rejects. */
  async health(): Promise<Health> {
    const now = this.clock.now()
    try {
      await this.engine.all(hear())
    }
    catch {
      return 'unreadable'
    }
    const last = this.#last
    if (last && Math.abs(now - last.atMs) < (last.health === 'sound' ? PAUSE_MS : FAULT_PAUSE_MS)) return last.health
    // Whoever asks meanwhile hears the same.
    return this.#looking ??= this.#sing(now).then((health) => {
      this.#last = { atMs: now, health }
      return health
    }).finally(() => this.#looking = undefined)
  }

  async #sing(now: number): Promise<Health> {
    try {
      await this.engine.batch([sing(now)])
      const [row] = await this.engine.all(hear())
      // Another process may have sung since.
      return row !== undefined && row.done_at_ms >= now - PAUSE_MS ? 'sound' : 'stale'
    }
    catch {
      return 'unwritable'
    }
  }
}
