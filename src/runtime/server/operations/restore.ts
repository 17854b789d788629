import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { copyFile, link, open, rename } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { currentBoot, HighWaterFile, VERSION_MARGIN } from '../database/high-water'
import { skipVersions, totalVersions } from '../database/lineage'
import type { Engine } from '../engine/engine'
import { prepared } from '../engine/engine'
import { DatabaseError } from '../engine/errors'
import { createPrivate, removeDatabase } from '../engine/file'
import { examine, stampOf } from './backup'

export interface RestoreOptions {
  readonly openCopy: (path: string) => Engine
  /** Whether a process has the database open; it is left without a WAL where none has. Undefined where SQLite cannot tell. */
  readonly isHeld: (path: string) => boolean | undefined
  /** The migrations a file has. Throws for one that is not ours or newer. */
  readonly applied: (path: string) => readonly string[]
  readonly migrate: (path: string) => Promise<string[]>
  /** Go on where nobody can tell whether a server runs. */
  readonly force?: boolean
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
export async function restoreBackup(backup: string, path: string, { openCopy, isHeld, applied, migrate, force = false }: RestoreOptions, nowMs: number): Promise<Restored> {
  const next = `${path}.restoring`
  await demandFree(path, isHeld, force)
  try {
    // What a killed restore left beside it belongs to another backup.
    await removeDatabase(next)
    await createPrivate(next)
    // Not copyFile, which would give it the rights of the backup.
    await (await isPacked(backup) ? pipeline(createReadStream(backup), createGunzip(), createWriteStream(next)) : pipeline(createReadStream(backup), createWriteStream(next)))
    if (applied(next).length === 0) throw new DatabaseError('foreign', { message: 'The backup is empty.' })
    await migrate(next)
    const { entries } = await examine(next)
    const versions = await moveCounters(next, path, openCopy, nowMs)
    await demandFree(path, isHeld, force)
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
    await removeDatabase(next)
  }
}

/** Gives the old file a second name; its own is taken from it by the new one, in one step. */
async function keep(path: string, kept: string): Promise<void> {
  // What an unclean end left beside it must not be taken for the new one's.
  for (const part of ['-wal', '-shm', '-journal']) if (existsSync(path + part)) await rename(path + part, kept + part)
  await link(path, kept).catch(() => copyFile(path, kept))
}

async function demandFree(path: string, isHeld: RestoreOptions['isHeld'], force: boolean): Promise<void> {
  const held = isHeld(path)
  if (held === true) throw new DatabaseInUseError('A process has the database open. Stop the server first.')
  // Without a WAL an idle server holds no lock; the record says whether the last one has ended.
  if (held === undefined && !force && (await new HighWaterFile(path).read())?.clean === false) {
    throw new DatabaseInUseError('A server may have the database open: the last one did not end in order. Say --force if none runs.')
  }
}

/**
 * Moves every counter of the backup past what any workspace may have reached since, and the floor for workspaces
 * that it does not know. By workspace, because in one of them the backup may be ahead. Returns how far.
 */
async function moveCounters(next: string, path: string, openCopy: (path: string) => Engine, nowMs: number): Promise<number> {
  const record = new HighWaterFile(path)
  const engine = openCopy(next)
  try {
    const reached = await reachedBy(path, openCopy)
    const backup = new Map((await countersOf(engine)).map(({ workspace_id, value }) => [workspace_id, value]))
    const behind = reached ? Math.max(0, ...reached.map(({ workspace_id, value }) => value - (backup.get(workspace_id) ?? 0))) : (await record.read())?.total ?? 0
    const versions = behind + VERSION_MARGIN
    await skipVersions(engine, { versions, reason: 'A backup was restored.' }, nowMs)
    // The next start compares with this, and has nothing left to notice.
    await record.write({ total: await totalVersions(engine), boot: await currentBoot(), clean: true, flushed: true })
    return versions
  }
  finally {
    await engine.close()
  }
}

const counters = prepared<{ workspace_id: string, value: number }>(`
  SELECT workspace_id, value FROM server_version_counter UNION ALL SELECT '', COALESCE(MAX(version_floor), 0) FROM lineages`)

const countersOf = (engine: Engine) => engine.all(counters())

/** How far each workspace is in the file that is replaced; undefined where it cannot be read, which may be why it is. */
async function reachedBy(path: string, openCopy: (path: string) => Engine): Promise<{ workspace_id: string, value: number }[] | undefined> {
  if (!existsSync(path)) return undefined
  try {
    const engine = openCopy(path)
    return await countersOf(engine).finally(() => engine.close())
  }
  catch {
    return undefined
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
