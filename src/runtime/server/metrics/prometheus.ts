import type { OpenMetricsContentType } from 'prom-client'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { PushResult } from '../host/contract'

/** What is asked anew at each scrape. */
export interface Levels {
  readonly walBytes: number
  readonly fileBytes: number
  readonly freeBytes: number
  /** Undefined where there never was one. */
  readonly backupAgeSeconds: number | undefined
}

/** What a server counts of itself, in the words of OpenMetrics. No label names a workspace or a person. */
export class Metrics {
  readonly #registry = openMetrics()
  readonly #registers = { registers: [this.#registry] }
  readonly #ops = new Counter({ name: 'or3_sqlite_ops', help: 'Ops of pushes by what became of them', labelNames: ['result'], ...this.#registers })
  readonly #page = new Histogram({ name: 'or3_sqlite_page_rows', help: 'Rows of a page of a pull or a snapshot', labelNames: ['call'], buckets: [0, 1, 10, 50, 100, 300, 1000], ...this.#registers })
  readonly #calls = new Histogram({ name: 'or3_sqlite_call_seconds', help: 'Time of a call of the sync gateway', labelNames: ['call', 'outcome'], buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5], ...this.#registers })
  readonly #busy = new Counter({ name: 'or3_sqlite_busy_waits', help: 'Times a write found the lock taken by another process', ...this.#registers })
  readonly #collected = new Counter({ name: 'or3_sqlite_collected_entries', help: 'Log entries that collection removed', ...this.#registers })
  readonly #wal = new Gauge({ name: 'or3_sqlite_wal_bytes', help: 'Size of the write-ahead log', ...this.#registers })
  readonly #file = new Gauge({ name: 'or3_sqlite_file_bytes', help: 'Size of the database', ...this.#registers })
  readonly #free = new Gauge({ name: 'or3_sqlite_free_bytes', help: 'Free pages in the database', ...this.#registers })
  /** Made with the first backup: a gauge that is there says 0, which would be the best of all ages. */
  #backup: Gauge | undefined

  constructor(private readonly levels: () => Promise<Levels>) {}

  called(call: string, seconds: number, outcome: string): void {
    this.#calls.observe({ call, outcome }, seconds)
  }

  pushed({ results }: PushResult): void {
    for (const result of results) {
      this.#ops.inc({ result: result.replayed ? 'replayed' : result.success ? (result.applied === false ? 'lost' : 'applied') : result.errorCode === 'CONFLICT' ? 'conflict' : 'refused' })
    }
  }

  paged(call: string, rows: number): void {
    this.#page.observe({ call }, rows)
  }

  waited(): void {
    this.#busy.inc()
  }

  collected(entries: number): void {
    this.#collected.inc(entries)
  }

  async scrape(): Promise<{ readonly type: string, readonly body: string }> {
    const { walBytes, fileBytes, freeBytes, backupAgeSeconds } = await this.levels()
    this.#wal.set(walBytes)
    this.#file.set(fileBytes)
    this.#free.set(freeBytes)
    if (backupAgeSeconds !== undefined) {
      this.#backup ??= new Gauge({ name: 'or3_sqlite_backup_age_seconds', help: 'Age of the last verified backup; not there without one', ...this.#registers })
      this.#backup.set(backupAgeSeconds)
    }
    return { type: this.#registry.contentType, body: await this.#registry.metrics() }
  }
}

function openMetrics(): Registry<OpenMetricsContentType> {
  const registry = new Registry<OpenMetricsContentType>()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  return registry
}
