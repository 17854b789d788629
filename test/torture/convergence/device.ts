import type { Payload, PendingOp, PushResult, SnapshotItem, SyncChange } from '../../../src/runtime/server/host/contract'
import { toUuid } from '../../../src/runtime/server/operations/adopt-rows'
import type { Revision } from '../../../src/runtime/server/sync/revision'
import { hlcAt } from '../../support/ops'
import type { Asker, Backend } from './backend'
import { payloadFor } from './payloads'
import type { Reference } from './reference'
import { isNewer, keyOf, removes, revisionOf } from './reference'

export type Change = 'put' | 'soft-delete' | 'delete'
export type PushTrouble = 'none' | 'answer-lost' | 'twice' | 'reordered' | 'late-retry'

interface Row {
  readonly revision: Revision
  /** Undefined for a deleted row. */
  readonly payload: Payload | undefined
}

interface Bootstrap {
  items: SnapshotItem[]
  watermark: number
  pageToken: string | undefined
}

/** A client with an outbox, as the contract describes it: writes apply at once, and whatever is newer wins. */
export class Device implements Asker {
  readonly #rows = new Map<string, Row>()
  readonly #history: PendingOp[] = []
  #outbox: PendingOp[] = []
  #cursor = 0
  #written = 0
  #bootstrap: Bootstrap | undefined
  /** Milliseconds by which its clock is off. */
  drift = 0

  constructor(
    readonly id: string,
    readonly userId: string,
    readonly workspaceId: string,
    private readonly server: { readonly backend: Backend, readonly reference: Reference, now(): number },
  ) {
    if (server.backend.snapshots) this.#beginBootstrap()
  }

  get isQuiet(): boolean {
    return this.#outbox.length === 0 && !this.#bootstrap
  }

  /** The rows it shows. */
  rows(): Map<string, Payload | undefined> {
    return new Map([...this.#rows].filter(([, row]) => row.payload !== undefined).map(([key, row]) => [key, row.payload]))
  }

  write({ table, pk, change, jump, sameTime }: { table: string, pk: string, change: Change, jump: number, sameTime: boolean }): void {
    const opId = toUuid(`${this.workspaceId}/${this.id}/${this.#written++}`)
    const clock = (this.#rows.get(`${table}/${pk}`)?.revision.clock ?? 0) + jump
    // Only a broken clock makes equal times on two devices; then the op id decides.
    const hlc = sameTime ? hlcAt(0, 0, 'same') : hlcAt(Math.max(0, this.server.now() + this.drift), this.#written % 1000, this.id)
    const payload = change === 'delete' ? undefined : payloadFor(table, { pk, clock, text: `${this.id} ${this.#written}`, userId: this.userId, deleted: change === 'soft-delete' })
    const op: PendingOp = {
      id: opId, tableName: table, operation: change === 'delete' ? 'delete' : 'put', pk, ...payload ? { payload } : {},
      stamp: { deviceId: this.id, opId, hlc, clock }, createdAt: this.server.now(), attempts: 0, status: 'pending',
    }
    this.#outbox.push(op)
    this.#apply(op, revisionOf(op), removes(op) ? undefined : payload)
  }

  async push(count: number, trouble: PushTrouble): Promise<void> {
    let ops = this.#outbox.slice(0, count)
    if (trouble === 'reordered') ops = ops.reverse()
    if (trouble === 'late-retry') ops = [...this.#history.slice(-count), ...ops]
    if (ops.length === 0) return
    const rounds = trouble === 'twice' ? 2 : 1
    for (let round = 0; round < rounds; round++) {
      const result = await this.server.backend.push(this, ops)
      this.server.reference.checkPush(this.userId, ops, result)
      if (trouble !== 'answer-lost') this.#settle(ops, result)
    }
  }

  /** Returns how many changes came. */
  async pull(limit: number, pages: number, answerLost: boolean): Promise<number> {
    if (this.#bootstrap) return 0
    let changes = 0
    for (let page = 0; page < pages; page++) {
      const response = await this.server.backend.pull(this, this.#cursor, limit)
      this.server.reference.checkPull(this.userId, this.#cursor, response)
      if (answerLost) break
      if (response.requiresSnapshot) {
        this.#beginBootstrap()
        break
      }
      for (const change of response.changes) this.#receive(change)
      changes += response.changes.length
      this.#cursor = response.nextCursor
      if (!response.hasMore) break
    }
    return changes
  }

  /** The next page of its bootstrap, if it is at one. */
  async bootstrapPage(pageSize: number): Promise<void> {
    const bootstrap = this.#bootstrap
    if (!bootstrap) return
    const page = await this.server.backend.snapshot(this, pageSize, bootstrap.pageToken)
    if (!page) return this.#beginBootstrap()
    bootstrap.items.push(...page.items)
    bootstrap.watermark = page.highWatermark
    bootstrap.pageToken = page.nextPageToken ?? undefined
    if (page.nextPageToken !== null) return
    this.server.reference.checkSnapshot(this.userId, bootstrap.watermark, bootstrap.items)
    this.#become(bootstrap)
  }

  async reportCursor(): Promise<void> {
    await this.server.backend.updateCursor(this, this.id, this.#cursor)
  }

  /** As after a crash that lost what it had noted last: it has the rows and an older cursor. */
  restart(share: number): void {
    this.#cursor = Math.floor(this.#cursor * share)
  }

  #beginBootstrap(): void {
    this.#bootstrap = { items: [], watermark: 0, pageToken: undefined }
  }

  /** A snapshot is complete: what it does not have is gone, but for what waits to be pushed. */
  #become({ items, watermark }: Bootstrap): void {
    this.#rows.clear()
    for (const item of items) this.#rows.set(keyOf(item), { revision: item.revision, payload: item.kind === 'row' ? item.payload : undefined })
    for (const op of this.#outbox) this.#apply(op, revisionOf(op), removes(op) ? undefined : op.payload as Payload)
    this.#cursor = watermark
    this.#bootstrap = undefined
  }

  #settle(ops: readonly PendingOp[], { results }: PushResult): void {
    const byId = new Map(ops.map(op => [op.stamp.opId, op]))
    for (const result of results) {
      const op = byId.get(result.opId)
      if (!op) continue
      this.#outbox = this.#outbox.filter(({ stamp }) => stamp.opId !== result.opId)
      if (!result.success) {
        if (this.#rows.get(keyOf(op))?.revision.opId === result.opId) this.#rows.delete(keyOf(op))
        continue
      }
      if (!this.#history.includes(op)) this.#history.push(op)
      if (result.winner) this.#apply(op, result.winner.revision, result.winner.kind === 'put' ? result.winner.payload : undefined)
    }
  }

  #receive(change: SyncChange): void {
    const { clock, hlc, opId } = change.stamp
    const gone = change.op === 'delete' || change.payload?.deleted === true
    this.#apply(change, { clock, hlc, opId }, gone ? undefined : change.payload)
  }

  #apply(key: { tableName: string, pk: string }, revision: Revision, payload: Payload | undefined): void {
    const standing = this.#rows.get(keyOf(key))
    if (!standing || isNewer(revision, standing.revision)) this.#rows.set(keyOf(key), { revision, payload })
  }
}
