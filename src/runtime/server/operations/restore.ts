import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { copyFile, link, open, rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { HighWaterFile, VERSION_MARGIN } from '../database/high-water'
import { skipVersions, totalVersions } from '../database/lineage'
import type { Engine } from '../engine/engine'
import { DatabaseError } from '../engine/errors'
import { createPrivate } from '../engine/file'
import { examine, stampOf } from './backup'

export interface RestoreOptions {
  readonly openCopy: (path: string) => Engine
  /** Whether a process has the database open; it is left without a WAL where none has. */
  readonly isHeld: (path: string) => boolean
  /** The migrations a file has; throws for one that is not ours or newer. */
  readonly migrate: (path: string) => Promise<string[]>
}

export interface Restored {
  /** Log entries of the restored database. */
  readonly entries: number
  /** Where the replaced file is now. */
  readonly kept: string | undefined
  /** How far the counters were moved ahead. */
  readonly versions: number
}

/** A backup is taken while somebody has the database open. */
export class DatabaseInUseError extends Error {
  override readonly name = 'DatabaseInUseError'
}

/**
 * Puts a backup in the database's place. It is unpacked, checked and brought to this version's schema beside it
 * first, and its counters are moved past every version that may have been acknowledged since (hazard F1). Killed
 * at any moment, it leaves the old database or the new one under the name. Throws DatabaseError and
 * {@link DatabaseInUseError}.
 */
export async function restoreBackup(backup: string, path: string, { openCopy, isHeld, migrate }: RestoreOptions, nowMs: number): Promise<Restored> {
  const next = `${path}.restoring`
  if (isHeld(path)) throw new DatabaseInUseError('A process has the database open. Stop the server first.')
  try {
    await rm(next, { force: true })
    await createPrivate(next)
    await (await isPacked(backup) ? pipeline(createReadStream(backup), createGunzip(), createWriteStream(next)) : copyFile(backup, next))
    await migrate(next)
    const { entries, versions: total } = await examine(next)
    const versions = Math.max(0, await lastTotal(path, openCopy) - total) + VERSION_MARGIN
    const engine = openCopy(next)
    await skipVersions(engine, { versions, reason: 'A backup was restored.' }, nowMs).finally(() => engine.close())
    if (isHeld(path)) throw new DatabaseInUseError('A process has opened the database meanwhile. Stop the server first.')
    const kept = existsSync(path) ? `${path}.replaced-${stampOf(nowMs)}` : undefined
    if (kept !== undefined) await keep(path, kept)
    await rename(next, path)
    return { entries, kept, versions }
  }
  catch (error) {
    if (isZlibError(error)) throw new DatabaseError('foreign', { message: 'The backup is packed, and cannot be unpacked: it is damaged.' })
    throw error
  }
  finally {
    for (const part of ['', '-journal']) await rm(next + part, { force: true })
  }
}

/** Gives the old file a second name; its own is taken from it by the new one, in one step. */
async function keep(path: string, kept: string): Promise<void> {
  // What an unclean end left beside it must not be taken for the new one's.
  for (const part of ['-wal', '-shm', '-journal']) if (existsSync(path + part)) await rename(path + part, kept + part)
  await link(path, kept).catch(() => copyFile(path, kept))
}

/** How far versions had come, by what is to be replaced and by the record beside it. */
async function lastTotal(path: string, openCopy: (path: string) => Engine): Promise<number> {
  const record = (await new HighWaterFile(path).read())?.total ?? 0
  if (!existsSync(path)) return record
  try {
    const engine = openCopy(path)
    return await totalVersions(engine).then(total => Math.max(total, record)).finally(() => engine.close())
  }
  catch {
    // It may be damaged, which is why a backup is restored.
    return record
  }
}

async function isPacked(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return buffer[0] === 0x1F && buffer[1] === 0x8B
  }
  finally {
    await file.close()
  }
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_')
}
