import { incomingRevisionWins } from '../../shared/sync/revision'
import { SYNC_TABLES } from '../../shared/sync/schemas'
import type { SyncChange, SyncTable } from '../../shared/sync/schemas'
import { bootstrap } from './bootstrap'
import { HybridClock } from './hlc'
import { newId } from './id'
import type { LocalStore } from './local-store'
import { Outbox } from './outbox'
import type { SyncServer } from './transport'
import { DeferredError } from './transport'

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

/**
 * One device: a local store that is always there, and a loop that syncs it while the device is online.
 * One round runs at a time. Each time online has a number of its own; a round of an earlier time stops at
 * its next step.
 */
export class Device {
  readonly #outbox: Outbox
  readonly #clock: HybridClock
  #status: DeviceStatus = { online: false, cursor: 0, trouble: '' }
  #time = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #running = false
  #wantedAgain = false
  #failures = 0
  #reported = -1

  constructor(
    readonly id: string,
    readonly store: LocalStore,
    private readonly server: SyncServer,
    private readonly onStatus: (status: DeviceStatus) => void,
  ) {
    this.#outbox = new Outbox(store, server)
    this.#clock = new HybridClock(id)
  }

  goOnline(): void {
    this.#time += 1
    this.#failures = 0
    this.#report({ online: true, trouble: '' })
    void this.#showCursor(this.#time)
    this.#schedule(0)
  }

  /** How far the device has come, before the first answer says it. */
  async #showCursor(time: number): Promise<void> {
    const cursor = await this.store.cursor()
    if (this.#time === time && this.#status.cursor === 0) this.#report({ cursor })
  }

  goOffline(): void {
    this.#time += 1
    clearTimeout(this.#timer)
    this.#report({ online: false, trouble: '' })
  }

  /** A local write: row, revision and outbox change together, whether or not there is a network. */
  async write(tableName: SyncTable, pk: string, payload: Record<string, unknown>): Promise<void> {
    await this.#capture(tableName, pk, 'put', clock => ({ ...payload, clock }))
  }

  async remove(tableName: SyncTable, pk: string): Promise<void> {
    await this.#capture(tableName, pk, 'delete', () => ({ id: pk, deleted: true, deleted_at: Math.floor(Date.now() / 1000) }))
  }

  /** Sends again what the server refused, as after its reason is gone. */
  async retryFailed(): Promise<void> {
    await this.#outbox.retryFailed()
    this.#schedule(0)
  }

  async #capture(tableName: SyncTable, pk: string, operation: 'put' | 'delete', payloadAt: (clock: number) => Record<string, unknown>): Promise<void> {
    const { store } = this
    await store.transaction('rw', [store.threads, store.messages, store.others, store.revisions, store.outbox], async () => {
      const held = await store.revisionOf(tableName, pk)
      if (held) this.#clock.see(held.hlc)
      const stamp = { deviceId: this.id, opId: newId(), hlc: this.#clock.next(), clock: (held?.clock ?? 0) + 1 }
      const payload = payloadAt(stamp.clock)
      await store.apply(tableName, pk, operation === 'put' ? payload : undefined, stamp)
      await store.outbox.add({ id: newId(), tableName, operation, pk, payload, stamp, createdAt: Date.now(), attempts: 0, status: 'pending' })
    })
    if (this.#failures === 0) this.#schedule(AFTER_WRITE_MS)
  }

  #schedule(delayMs: number): void {
    if (!this.#status.online) return
    clearTimeout(this.#timer)
    if (this.#running) this.#wantedAgain = true
    else this.#timer = setTimeout(() => void this.#run(), delayMs)
  }

  async #run(): Promise<void> {
    this.#running = true
    this.#wantedAgain = false
    const time = this.#time
    const pause = await this.#round(() => this.#time === time)
    this.#running = false
    const again = this.#time !== time || (this.#wantedAgain && this.#failures === 0)
    this.#schedule(again ? 0 : pause)
  }

  /** Pushes, pulls, and returns how long to wait for the next round, in milliseconds. */
  async #round(goOn: () => boolean): Promise<number> {
    // A push that fails must not keep others' writes away: a full disk or a lost right to write stops only half.
    const failures = [await attempt(() => this.#outbox.flush(goOn)), await attempt(() => this.#pullAll(goOn))]
    if (!goOn()) return 0
    const failure = failures.find(found => found !== undefined)
    if (!failure) {
      this.#failures = 0
      this.#report({ trouble: '' })
      return POLL_MS + Math.random() * POLL_JITTER_MS
    }
    const backoff = BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length - 1)] ?? POLL_MS
    this.#failures += 1
    this.#report({ trouble: `${failure.message}.` })
    return Math.max(backoff, failure instanceof DeferredError ? failure.retryAfterMs : 0)
  }

  async #pullAll(goOn: () => boolean): Promise<void> {
    let recovered = await this.store.cursor() === 0 && await this.#bootstrap(goOn)
    for (let more = true; more && goOn();) {
      const cursor = await this.store.cursor()
      const page = await this.server.pull(cursor, PAGE, SYNC_TABLES)
      if (page.requiresSnapshot) {
        if (recovered) throw new Error('Snapshot recovery did not cover the requested cursor')
        recovered = true
        if (!await this.#bootstrap(goOn)) await this.store.saveCursor(0)
        continue
      }
      await this.#applyPage(page.changes, page.nextCursor)
      this.#report({ cursor: page.nextCursor })
      more = page.hasMore
    }
    if (goOn()) await this.#reportCursor()
  }

  /** Takes everything at once: a new device, or one that the server's history does not reach back to. */
  async #bootstrap(goOn: () => boolean): Promise<boolean> {
    const version = await bootstrap(this.store, this.server, goOn)
    if (version !== undefined) this.#report({ cursor: version })
    return version !== undefined
  }

  /** The server only collects by it, so that a report that fails is no trouble: the next one says more. */
  async #reportCursor(): Promise<void> {
    const { cursor } = this.#status
    if (cursor === this.#reported) return
    const failure = await attempt(() => this.server.updateCursor(this.id, cursor))
    if (!failure) this.#reported = cursor
  }

  /** A page is applied as a whole or not at all, and the cursor with it. */
  async #applyPage(changes: readonly SyncChange[], nextCursor: number): Promise<void> {
    const { store } = this
    await store.transaction('rw', [store.threads, store.messages, store.others, store.revisions, store.state], async () => {
      for (const change of changes) {
        this.#clock.see(change.stamp.hlc)
        const held = await store.revisionOf(change.tableName, change.pk)
        if (!incomingRevisionWins(change.stamp, held)) continue
        await this.#applyChange(change)
      }
      await store.saveCursor(nextCursor)
    })
  }

  /** A change that the browser cannot store must not hold back those after it (contract §6.2). */
  async #applyChange(change: SyncChange): Promise<void> {
    try {
      await this.store.apply(change.tableName as SyncTable, change.pk, change.op === 'delete' ? undefined : change.payload, change.stamp)
    }
    catch {
      console.error(`The change at version ${change.serverVersion} cannot be stored and was left out`)
    }
  }

  #report(change: Partial<DeviceStatus>): void {
    this.#status = { ...this.#status, ...change }
    this.onStatus(this.#status)
  }
}

async function attempt(work: () => Promise<unknown>): Promise<Error | undefined> {
  try {
    await work()
    return undefined
  }
  catch (error) {
    return error instanceof Error ? error : new Error('Sync failed')
  }
}
