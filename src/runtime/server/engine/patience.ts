import { setTimeout as delay } from 'node:timers/promises'
import { DatabaseError, toDatabaseError } from './errors'

const PAUSE_MS = 10

/**
 * Tries `work` again while another process is in the way, until `timeoutMs` have passed. The event loop
 * goes on between two tries, and `onWait` is called before each further one. Throws DatabaseError.
 */
export async function whileBusy<Result>(timeoutMs: number, work: () => Result | Promise<Result>, onWait?: () => void): Promise<Result> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      return await work()
    }
    catch (error) {
      const trouble = toDatabaseError(error)
      if (!isBusy(trouble) || performance.now() >= deadline) throw trouble
      onWait?.()
    }
    await delay(PAUSE_MS)
  }
}

export function isBusy(error: unknown): boolean {
  return error instanceof DatabaseError && error.fault === 'busy'
}
