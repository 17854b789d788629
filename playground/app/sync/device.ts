import { incomingRevisionWins } from '../../shared/sync/revision'
import { SYNC_TABLES } from '../../shared/sync/schemas'
import type { SyncChange, SyncTable } from '../../shared/sync/schemas'
import { HybridClock } from './hlc'
import { LocalStore } from './local-store'
import { Outbox } from './outbox'
import { DeferredError, Transport } from './transport'

const POLL_MS = 2000
const POLL_JITTER_MS = 500
const AFTER_WRITE_MS = 100
const PAGE = 300
/** Waits between failing rounds (contract §6.2). */
const BACKOFF_MS = [1000, 2000, 5000, 10_000, 30_000]

export interface DeviceStatus {
  online: boolean
  cursor: number
  /** What the last round ended with, in words for the page; empty when all is well. */
  trouble: string
}

/** One device: a local store that is always there, and a loop that syncs it while the device is online. */
export class Device {
  readonly store: LocalStore
  readonly #outbox: Outbox
  readonly #transport: Transport
  readonly #clock: HybridClock
  #status: DeviceStatus = { online: false, cursor: 0, trouble: '' }
  #timer: ReturnType<typeof setTimeout> | undefined
  #round: Promise<void> | undefined
  #failures = 0
  #reported = -1

  constructor(readonly id: string, databaseName: string, workspaceId: string, private readonly onStatus: (status: DeviceStatus) => void) {
    this.store = new LocalStore(databaseName)
    this.#transport = new Transport(workspaceId)
    this.#outbox = new Outbox(this.store, this.#transport)
    this.#clock = new HybridClock(id)
  }

  async goOnline(): Promise<void> {
    this.#report({ online: true, cursor: await this.store.cursor() })
    this.#schedule(0)
  }

  async goOffline(): Promise<void> {
    this.#report({ online: false, trouble: '' })
    clearTimeout(this.#timer)
    await this.#round
    clearTimeout(this.#timer)
  }

  /** A local write: row, revision and outbox change together, whether or not there is a network. */
  async write(tableName: SyncTable, pk: string, payload: Record<string, unknown>): Promise<void> {
    await this.#capture(tableName, pk, 'put', clock => ({ ...payload, clock }))
  }

  async remove(tableName: SyncTable, pk: string): Promise<void> {
    await this.#capture(tableName, pk, 'delete', () => ({ id: pk, deleted: true, deleted_at: Math.floor(Date.now() / 1000) }))
  }

  async #capture(tableName: SyncTable, pk: string, operation: 'put' | 'delete', payloadAt: (clock: number) => Record<string, unknown>): Promise<void> {
    const { store } = this
    await store.transaction('rw', [store.threads, store.messages, store.others, store.revisions, store.outbox], async () => {
      const held = await store.revisionOf(tableName, pk)
      if (held) this.#clock.see(held.hlc)
      const stamp = { deviceId: this.id, opId: crypto.randomUUID(), hlc: this.#clock.next(), clock: (held?.clock ?? 0) + 1 }
      const payload = payloadAt(stamp.clock)
      await store.apply(tableName, pk, operation === 'put' ? payload : undefined, stamp)
      await store.outbox.add({ id: crypto.randomUUID(), tableName, operation, pk, payload, stamp, createdAt: Date.now(), attempts: 0, status: 'pending' })
    })
    if (this.#status.online && this.#failures === 0) this.#schedule(AFTER_WRITE_MS)
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#round = this.#syncRound()
    }, delayMs)
  }

  async #syncRound(): Promise<void> {
    try {
      await this.#outbox.flush()
      await this.#pullAll()
      this.#failures = 0
      this.#report({ trouble: '' })
      if (this.#status.online) this.#schedule(POLL_MS + Math.random() * POLL_JITTER_MS)
    }
    catch (error) {
      const pause = BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length - 1)] ?? 1000
      this.#failures += 1
      this.#report({ trouble: error instanceof DeferredError && error.status === 0 ? 'The server cannot be reached.' : messageOf(error) })
      if (this.#status.online) this.#schedule(Math.max(pause, error instanceof DeferredError ? error.retryAfterMs : 0))
    }
  }

  async #pullAll(): Promise<void> {
    for (;;) {
      const cursor = await this.store.cursor()
      const page = await this.#transport.pull(cursor, PAGE, SYNC_TABLES)
      if (page.requiresSnapshot) {
        // The server's history does not reach this far: what it holds is taken again from the start.
        await this.store.saveCursor(0)
        if (cursor === 0) throw new DeferredError(503, 0)
        continue
      }
      await this.#applyPage(page.changes, page.nextCursor)
      this.#report({ cursor: page.nextCursor })
      if (!page.hasMore) break
    }
    if (this.#status.cursor !== this.#reported) {
      this.#reported = this.#status.cursor
      await this.#transport.updateCursor(this.id, this.#status.cursor)
    }
  }

  /** A page is applied as a whole or not at all, and the cursor with it. */
  async #applyPage(changes: readonly SyncChange[], nextCursor: number): Promise<void> {
    const { store } = this
    await store.transaction('rw', [store.threads, store.messages, store.others, store.revisions, store.state], async () => {
      for (const change of changes) {
        this.#clock.see(change.stamp.hlc)
        const held = await store.revisionOf(change.tableName, change.pk)
        if (!incomingRevisionWins(change.stamp, held)) continue
        await store.apply(change.tableName as SyncTable, change.pk, change.op === 'delete' ? undefined : change.payload, change.stamp)
      }
      await store.saveCursor(nextCursor)
    })
  }

  #report(change: Partial<DeviceStatus>): void {
    this.#status = { ...this.#status, ...change }
    this.onStatus(this.#status)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.message}.` : 'Sync failed.'
}
