import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock'
import type { Engine } from '../engine/engine'
import { compile, query } from './builder'
import type { HighWaterFile } from './high-water'
import { currentBoot, versionsToSkip } from './high-water'

/** The record is refreshed at most this often; VERSION_MARGIN covers what is pushed in between. */
const REFRESH_MS = 1000

/**
 * Sees to it that a version is never handed out twice, even when the file is an older copy of itself
 * (hazards F1, F2). A database in memory has no record and needs none.
 */
export class Lineage {
  #boot = ''
  #recordedAt = Number.NEGATIVE_INFINITY
  #recording: Promise<void> | undefined
  #faulty = false

  constructor(
    private readonly engine: Engine,
    private readonly record: HighWaterFile,
    private readonly options: { readonly flushed: boolean, readonly clock: Clock, readonly onFault: (message: string) => void },
  ) {}

  /**
   * Compares the file with the record and moves every counter past what may have been acknowledged.
   * Returns how many versions were skipped; 0 in the ordinary case. A file this process just made is
   * new on purpose, whatever an old record beside it says.
   */
  async begin(created: boolean): Promise<number> {
    this.#boot = await currentBoot()
    const record = created ? undefined : await this.record.read()
    const total = await this.#total()
    const skipped = versionsToSkip(record, { total, boot: this.#boot, flushed: this.options.flushed })
    if (skipped > 0) await this.#skip(skipped)
    await this.#write(false)
    return skipped
  }

  /** To be called after a push: refreshes the record now and then, without delaying the caller. */
  noteWrite(): void {
    if (this.#recording || this.options.clock.now() - this.#recordedAt < REFRESH_MS) return
    this.#recordedAt = this.options.clock.now()
    this.#recording = this.#write(false).finally(() => {
      this.#recording = undefined
    })
  }

  /** Marks the end in order. Before the engine closes. */
  async end(): Promise<void> {
    await this.#recording
    await this.#write(true)
  }

  async #skip(versions: number): Promise<void> {
    const highest = await this.engine.all(compile(query.selectFrom('server_version_counter').select(({ fn }) => fn.max('value').as('value'))))
    await this.engine.batch([
      compile(query.updateTable('server_version_counter').set(({ eb }) => ({ value: eb('value', '+', versions) }))),
      compile(query.insertInto('lineages').values({
        id: randomUUID(),
        reason: 'the file lost its tail or is an older copy',
        // Workspaces whose counter was lost as a whole start above this.
        version_floor: (highest[0]?.value ?? 0) + versions,
        started_at: Math.floor(this.options.clock.now() / 1000),
      })),
    ])
  }

  /** The record only sharpens the detection, so that a full disk here must not stop the server. */
  async #write(clean: boolean): Promise<void> {
    try {
      await this.record.write({ total: await this.#total(), boot: this.#boot, clean })
    }
    catch {
      if (!this.#faulty) this.options.onFault('The record beside the database cannot be written: a restored backup would not be noticed.')
      this.#faulty = true
    }
  }

  async #total(): Promise<number> {
    const rows = await this.engine.all(compile(query.selectFrom('server_version_counter').select(({ fn }) => fn.sum<number>('value').as('total'))))
    return rows[0]?.total ?? 0
  }
}
