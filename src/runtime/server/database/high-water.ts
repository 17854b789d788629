import { randomUUID } from 'node:crypto'
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { uptime } from 'node:os'
import * as z from 'zod'

/**
 * A small record beside the database, `<file>.head`, that remembers how far the versions had come. It
 * tells at the next start whether the file lost its tail (power loss under synchronous=NORMAL, a WAL
 * that was deleted) or is an older copy (a restored backup): hazards F1 and F2. It holds no data and may
 * be deleted.
 */
export interface HighWater {
  /** Sum of all workspaces' version counters. */
  readonly total: number
  /** The boot of the machine during which it was written. */
  readonly boot: string
  /** Whether the database was closed in order afterwards. */
  readonly clean: boolean
  /** Whether every commit reached the disk before it was acknowledged: synchronous=FULL or EXTRA. */
  readonly flushed: boolean
}

const highWater = z.object({ total: z.int().min(0), boot: z.string().max(100), clean: z.boolean(), flushed: z.boolean() })

/** Versions skipped beyond those known to be lost: what may have been acknowledged since the record was written. */
export const VERSION_MARGIN = 1_000_000

export interface Skip {
  /** How far every counter must jump so that no version a device may have seen is handed out again. */
  readonly versions: number
  /** A sentence for the operator. */
  readonly reason: string
}

/** Whether something was lost since the record was written, and how far to jump then. */
export function judgeLoss(record: HighWater | undefined, found: { total: number, boot: string }): Skip | undefined {
  if (!record) return undefined
  if (record.total > found.total) {
    return {
      versions: record.total - found.total + VERSION_MARGIN,
      reason: 'The database is older than it was when last seen: a backup was restored, or its newest writes were lost.',
    }
  }
  if (record.clean || record.flushed || record.boot === found.boot) return undefined
  return {
    versions: VERSION_MARGIN,
    reason: 'The machine went down while the database was open, and with OR3_SQLITE_PRAGMA_SYNCHRONOUS below FULL its newest writes may be lost.',
  }
}

export class HighWaterFile {
  readonly #path: string

  constructor(private readonly databasePath: string) {
    this.#path = `${databasePath}.head`
  }

  /** The record, or undefined where there is none or it cannot be read as one. */
  async read(): Promise<HighWater | undefined> {
    try {
      return highWater.parse(JSON.parse(await readFile(this.#path, 'utf8')))
    }
    catch {
      return undefined
    }
  }

  /** Replaces the record as a whole and on disk, so that a crash leaves the old or the new one. */
  async write(record: HighWater): Promise<void> {
    const next = `${this.#path}.${randomUUID()}.tmp`
    try {
      await writeFile(next, `${JSON.stringify(record)}\n`, { mode: 0o600, flush: true })
      await rename(next, this.#path)
    }
    catch (error) {
      await rm(next, { force: true })
      throw error
    }
  }

  /** Whether another process has the database open: the last one to close it takes the WAL away. */
  async isInUse(): Promise<boolean> {
    try {
      await access(`${this.databasePath}-wal`)
      return true
    }
    catch {
      return false
    }
  }
}

/** Names the current boot of this machine: after another one, what was not flushed may be gone. */
export async function currentBoot(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  }
  catch {
    // To five minutes, so that a corrected clock does not look like a new boot.
    return `up-since-${Math.round((Date.now() / 1000 - uptime()) / 300)}`
  }
}
