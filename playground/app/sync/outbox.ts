import { compareSyncRevision } from '../../shared/sync/revision'
import type { PendingOp, PushResult } from '../../shared/sync/schemas'
import type { LocalStore } from './local-store'
import type { SyncServer } from './transport'
import { RefusedError } from './transport'

const READ_AT_ONCE = 500
const OPS_PER_REQUEST = 50
const MAX_ATTEMPTS = 4
/** The status of an op that is not sent again, followed by why. */
export const FAILED = 'failed: '
const PERMANENT = ['VALIDATION_ERROR', 'OVERSIZED', 'UNAUTHORIZED']

/** Sends what a device wrote, oldest first, and keeps each op until the server has answered for it (contract §6.1). */
export class Outbox {
  constructor(private readonly store: LocalStore, private readonly server: SyncServer) {}

  /** Sends what waits, batch by batch, while `goOn` says so. Throws DeferredError. */
  async flush(goOn: () => boolean): Promise<void> {
    const waiting = await this.#newestPerRow()
    for (let start = 0; start < waiting.length && goOn(); start += OPS_PER_REQUEST) {
      await this.#send(waiting.slice(start, start + OPS_PER_REQUEST))
    }
  }

  /** Lets what the server refused be sent once more. */
  async retryFailed(): Promise<void> {
    await this.store.outbox.where('status').startsWith(FAILED).modify({ status: 'pending', attempts: 0 })
  }

  /** Of several waiting writes of one row only the newest is sent; the others leave the outbox. */
  async #newestPerRow(): Promise<PendingOp[]> {
    const pending = await this.store.outbox.orderBy('createdAt').filter(op => op.status === 'pending').limit(READ_AT_ONCE).toArray()
    const newest = new Map<string, PendingOp>()
    const overtaken: string[] = []
    for (const op of pending) {
      const key = `${op.tableName}\0${op.pk}`
      const other = newest.get(key)
      const wins = !other || compareSyncRevision(op.stamp, other.stamp) > 0
      if (other) overtaken.push(wins ? other.id : op.id)
      if (wins) newest.set(key, op)
    }
    await this.store.outbox.bulkDelete(overtaken)
    return [...newest.values()]
  }

  async #send(ops: PendingOp[]): Promise<void> {
    try {
      await this.#settle(ops, await this.server.push(ops))
    }
    catch (error) {
      if (!(error instanceof RefusedError)) throw error
      // One of them is unacceptable: halves find out which.
      const half = Math.ceil(ops.length / 2)
      if (ops.length === 1) await this.#fail(ops, error.message)
      else {
        await this.#send(ops.slice(0, half))
        await this.#send(ops.slice(half))
      }
    }
  }

  async #settle(ops: readonly PendingOp[], { results }: PushResult): Promise<void> {
    const byOpId = new Map(results.map(result => [result.opId, result]))
    for (const op of ops) {
      const result = byOpId.get(op.stamp.opId)
      if (result?.success) await this.store.outbox.delete(op.id)
      else if (PERMANENT.includes(result?.errorCode ?? '')) await this.#fail([op], result?.error ?? 'refused')
      else await this.#again(op)
    }
  }

  async #again(op: PendingOp): Promise<void> {
    if (op.attempts + 1 >= MAX_ATTEMPTS) await this.#fail([op], 'too many attempts')
    else await this.store.outbox.update(op.id, { attempts: op.attempts + 1 })
  }

  /** Kept where the user can see it, and not sent again. */
  async #fail(ops: readonly PendingOp[], reason: string): Promise<void> {
    for (const op of ops) await this.store.outbox.update(op.id, { status: `${FAILED}${reason}` })
  }
}
