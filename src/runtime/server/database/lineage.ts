import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock'
import type { Engine, Statement } from '../engine/engine'
import { compile, query } from './builder'
import type { HighWaterFile, Skip } from './high-water'
import { currentBoot, judgeLoss } from './high-water'

/** The record follows a push after this long; VERSION_MARGIN covers what is pushed in between. */
const REFRESH_MS = 1000

export interface LineageOptions {
  /** Every commit reaches the disk before it is acknowledged. */
  readonly flushed: boolean
  readonly clock: Clock
  readonly onFault: (message: string) => void
}

/**
 * Sees to it that a version is never handed out twice, even when the file is an older copy of itself
 * (hazards F1, F2). A database in memory has no record and needs none.
 */
export class Lineage {
  #boot = ''
  #timer: ReturnType<typeof setTimeout> | undefined
  #writing: Promise<void> = Promise.resolve()
  #faulty = false
  #ended = false

  constructor(private readonly engine: Engine, private readonly record: HighWaterFile, private readonly options: LineageOptions) {}

  /**
   * Compares the file with the record and moves every counter past what may have been acknowledged.
   * Returns what was skipped and why; undefined in the ordinary case. A file this process just made is
   * new on purpose, whatever an old record beside it says. Throws DatabaseError.
   */
  async begin(created: boolean): Promise<Skip | undefined> {
    this.#boot = await currentBoot()
    const record = created ? undefined : await this.record.read()
    const skip = judgeLoss(record, { total: await totalVersions(this.engine), boot: this.#boot })
    if (skip) await skipVersions(this.engine, skip, this.options.clock.now())
    await this.#write(false)
    return skip
  }

  /** To be called after a push: the record follows soon, without delaying the caller. */
  noteWrite(): void {
    if (this.#ended) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#write(false)
    }, REFRESH_MS).unref()
  }

  /** Closes the engine, and marks the end in order unless another process still has the database open. */
  async end(): Promise<void> {
    this.#ended = true
    clearTimeout(this.#timer)
    await this.#writing
    // A database that cannot even be read is closed all the same, but not marked.
    const total = await totalVersions(this.engine).catch(() => undefined)
    await this.engine.close()
    if (total !== undefined && !await this.record.isInUse()) await this.#write(true, total)
  }

  /** One after another. The record only sharpens the detection, so that a full disk here must not stop the server. */
  #write(clean: boolean, total?: number): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      try {
        await this.record.write({ total: total ?? await totalVersions(this.engine), boot: this.#boot, clean, flushed: this.options.flushed })
        this.#faulty = false
      }
      catch {
        if (!this.#faulty) this.options.onFault('The record beside the database cannot be written: a restored backup would not be noticed.')
        this.#faulty = true
      }
    })
    return this.#writing
  }
}

/** Moves every counter ahead, so that no version that a device may have seen is handed out again. `nowMs`: milliseconds. */
export async function skipVersions(engine: Engine, { versions, reason }: Skip, nowMs: number): Promise<void> {
  const highest = await engine.all(compile(query.selectFrom('server_version_counter').select(({ fn }) => fn.max('value').as('value'))))
  await engine.batch([
    compile(query.updateTable('server_version_counter').set(({ eb }) => ({ value: eb('value', '+', versions) }))),
    // Workspaces whose counter was lost as a whole start above this.
    lineageRow({ reason, versionFloor: (highest[0]?.value ?? 0) + versions }, nowMs),
  ])
}

/** Notes that the file's versions do not simply go on, and why. `nowMs`: milliseconds. */
export function lineageRow({ reason, versionFloor }: { readonly reason: string, readonly versionFloor: number }, nowMs: number): Statement {
  return compile(query.insertInto('lineages').values({ id: randomUUID(), reason, version_floor: versionFloor, started_at: Math.floor(nowMs / 1000) }))
}

/** The sum of all counters, which the record beside the file remembers. */
export async function totalVersions(engine: Engine): Promise<number> {
  const rows = await engine.all(compile(query.selectFrom('server_version_counter').select(({ fn }) => fn.sum<number>('value').as('total'))))
  return rows[0]?.total ?? 0
}
