import { deepStrictEqual } from 'node:assert'
import type { Payload, PendingOp, PullResponse, PushResult, SnapshotItem } from '../../../src/runtime/server/host/contract'
import type { Revision } from '../../../src/runtime/server/sync/revision'

/** Thrown where the server did not do as it promised. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
}

export function demand(condition: boolean, promise: () => string): asserts condition {
  if (!condition) throw new BrokenPromise(promise())
}

interface Entry {
  readonly version: number
  readonly op: PendingOp
  readonly userId: string
  /** What others see: the server puts the owner into a notification. */
  readonly payload: Payload | undefined
}

export const keyOf = ({ tableName, pk }: { tableName: string, pk: string }): string => `${tableName}/${pk}`

export function revisionOf({ stamp: { clock, hlc, opId } }: PendingOp): Revision {
  return { clock, hlc, opId }
}

/** The contract's order: clock, then hlc, then op id, as JavaScript compares. */
export function isNewer(left: Revision, right: Revision): boolean {
  if (left.clock !== right.clock) return left.clock > right.clock
  if (left.hlc !== right.hlc) return left.hlc > right.hlc
  return left.opId > right.opId
}

export function removes(op: PendingOp): boolean {
  return op.operation === 'delete' || (op.payload as Payload | undefined)?.deleted === true
}

/**
 * What a workspace must be, kept without SQL: the list of all accepted ops. Every answer of the server is
 * checked against it as it comes.
 */
export class Reference {
  readonly #entries: Entry[] = []
  readonly #byOpId = new Map<string, Entry>()
  readonly #owners = new Map<string, string>()
  #collected = false

  /** `terse`: the answers come through a host that passes on neither `replayed` nor `winner`, as August's does. */
  constructor(private readonly snapshots: boolean, private readonly terse: boolean) {}

  get version(): number {
    return this.#entries.length
  }

  noteCollection(): void {
    this.#collected = true
  }

  /** The winner of each key among the ops up to a version that a user may see. */
  stateAt(version: number, userId: string): Map<string, Entry> {
    const winners = new Map<string, Entry>()
    for (const entry of this.#entries) {
      if (entry.version > version || !isVisible(entry, userId)) continue
      const standing = winners.get(keyOf(entry.op))
      if (!standing || isNewer(revisionOf(entry.op), revisionOf(standing.op))) winners.set(keyOf(entry.op), entry)
    }
    return winners
  }

  /** The rows that live, by key. */
  rowsFor(userId: string): Map<string, Payload | undefined> {
    return new Map([...this.stateAt(this.version, userId)].filter(([, { op }]) => !removes(op)).map(([key, { payload }]) => [key, payload]))
  }

  checkPush(userId: string, ops: readonly PendingOp[], { results, serverVersion }: PushResult): void {
    const distinct = [...new Map(ops.map(op => [op.stamp.opId, op])).values()]
    demand(results.length === distinct.length, () => `${distinct.length} ops got ${results.length} results`)
    const fresh = new Set<string>()
    for (const [index, op] of distinct.entries()) {
      const { opId } = op.stamp
      const result = results[index]
      demand(result?.opId === opId, () => `result ${index} is of another op`)
      const known = this.#byOpId.get(opId)
      const owner = op.tableName === 'notifications' ? this.#owners.get(keyOf(op)) ?? userId : userId
      if (!known && owner !== userId) {
        demand(!result.success && result.errorCode === 'UNAUTHORIZED', () => `${opId} overwrote a notification of ${owner}`)
        continue
      }
      demand(result.success, () => `${opId} was refused: ${result.error}`)
      if (known) {
        demand((this.terse || result.replayed === true) && result.serverVersion === known.version, () => `a retry of ${opId} (version ${known.version}) got version ${result.serverVersion}, replayed ${result.replayed}`)
        continue
      }
      demand(result.replayed !== true, () => `${opId} is new and was taken for a retry`)
      demand(result.serverVersion === this.version + 1, () => `${opId} got version ${result.serverVersion}, not ${this.version + 1}`)
      this.#append(userId, op)
      fresh.add(opId)
    }
    demand(serverVersion === this.version, () => `a push said version ${serverVersion}, not ${this.version}`)
    for (const [index, op] of distinct.entries()) {
      const result = results[index]
      if (result?.success) this.#checkApplied(userId, op, result)
    }
  }

  #append(userId: string, op: PendingOp): void {
    const payload = op.payload as Payload | undefined
    const own = op.tableName === 'notifications' && op.operation === 'put' ? { ...payload, user_id: userId } : payload
    const entry = { version: this.version + 1, op, userId, payload: own }
    this.#entries.push(entry)
    this.#byOpId.set(op.stamp.opId, entry)
    if (op.tableName === 'notifications' && !this.#owners.has(keyOf(op))) this.#owners.set(keyOf(op), userId)
  }

  #checkApplied(userId: string, op: PendingOp, result: PushResult['results'][number]): void {
    const winner = this.stateAt(this.version, userId).get(keyOf(op))
    demand(winner !== undefined, () => `nothing stands under ${keyOf(op)}`)
    const won = winner.op.stamp.opId === op.stamp.opId
    demand(result.applied === won, () => `${op.stamp.opId} was told applied: ${result.applied}, and it is ${won}`)
    if (won || this.terse) return
    deepStrictEqual(result.winner?.revision, revisionOf(winner.op), 'the winner is another one')
    demand(result.winner?.kind === (removes(winner.op) ? 'delete' : 'put'), () => 'the winner is of the other kind')
    if (!removes(winner.op)) deepStrictEqual(result.payload, winner.payload, 'the payload is not the winner\'s')
  }

  checkPull(userId: string, cursor: number, page: PullResponse): void {
    let last = cursor
    const seen = new Set<number>()
    for (const change of page.changes) {
      demand(change.serverVersion > last, () => `version ${change.serverVersion} came after ${last}`)
      last = change.serverVersion
      seen.add(last)
      const entry = this.#entries[last - 1]
      demand(entry !== undefined && isVisible(entry, userId), () => `version ${last} is nothing that ${userId} may see`)
      deepStrictEqual(
        { table: change.tableName, pk: change.pk, op: change.op, payload: change.payload, stamp: change.stamp },
        { table: entry.op.tableName, pk: entry.op.pk, op: entry.op.operation, payload: entry.payload, stamp: entry.op.stamp },
        `version ${last} is not as it was pushed`,
      )
    }
    demand(page.nextCursor >= last && page.nextCursor <= Math.max(cursor, this.version), () => `the next cursor is ${page.nextCursor} after ${last} of ${this.version}`)
    demand(!page.hasMore || page.nextCursor > cursor, () => 'a page with more behind it does not move the cursor')
    const winners = this.stateAt(this.version, userId)
    for (const entry of this.#entries.slice(cursor, page.hasMore ? page.nextCursor : undefined)) {
      if (seen.has(entry.version) || !isVisible(entry, userId)) continue
      demand(this.#collected, () => `version ${entry.version} was skipped after ${cursor}`)
      const current = winners.get(keyOf(entry.op)) === entry
      demand(!current || (this.snapshots && page.requiresSnapshot), () => `version ${entry.version} is the state of ${keyOf(entry.op)} and was skipped without a word`)
    }
    demand(this.#collected || !page.requiresSnapshot, () => 'a snapshot is required though nothing was collected')
  }

  /** A whole bootstrap: the complete state at one version, nothing twice, nothing of others. */
  checkSnapshot(userId: string, watermark: number, items: readonly SnapshotItem[]): void {
    const expected = this.stateAt(watermark, userId)
    demand(new Set(items.map(keyOf)).size === items.length, () => 'a key came twice')
    for (const item of items) {
      const entry = expected.get(keyOf(item))
      demand(entry !== undefined, () => `${keyOf(item)} did not stand at ${watermark}`)
      deepStrictEqual(item.revision, revisionOf(entry.op), `${keyOf(item)} had another revision at ${watermark}`)
      demand((item.kind === 'tombstone') === removes(entry.op), () => `${keyOf(item)} is a ${item.kind}`)
      if (item.kind === 'row') deepStrictEqual(item.payload, entry.payload, `${keyOf(item)} had another payload at ${watermark}`)
    }
    demand(items.length === expected.size, () => `${expected.size - items.length} of ${expected.size} keys are missing from the snapshot at ${watermark}`)
  }
}

function isVisible(entry: Entry, userId: string): boolean {
  return entry.op.tableName !== 'notifications' || entry.userId === userId
}
