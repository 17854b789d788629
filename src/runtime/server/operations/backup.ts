import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { createHash } from 'node:crypto'
import type { BackupProgress, Engine } from '../engine/engine'
import { prepared } from '../engine/engine'
import { DatabaseError } from '../engine/errors'
import { examineAside } from '../engine/examine-aside'
import { createPrivate, removeDatabase, removeStale } from '../engine/file'

export interface BackupOptions {
  /** Packs the file; the name should end with .gz. */
  readonly gzip?: boolean
  readonly onProgress?: (progress: BackupProgress) => void
}

export interface Backup {
  readonly path: string
  readonly bytes: number
  /** Log entries in it. */
  readonly entries: number
}

interface Extent { readonly entries: number, readonly versions: number }

const EXTENT = `
  SELECT (SELECT COUNT(*) FROM change_log) AS entries, (SELECT COALESCE(SUM(value), 0) FROM server_version_counter) AS versions`
const extent = prepared<Extent>(EXTENT)
const noteDone = prepared<never>(`
  INSERT INTO chores (name, done_at_ms) VALUES ('backup', ?) ON CONFLICT (name) DO UPDATE SET done_at_ms = excluded.done_at_ms`)

/**
 * Copies the database while it is in use, opens the copy, checks it and compares it with the original, and
 * only then gives it its name (hazards F14, F15). Throws DatabaseError; nothing is left behind then.
 */
export async function makeBackup(engine: Engine, target: string, { gzip = false, onProgress }: BackupOptions, nowMs: number): Promise<Backup> {
  const copy = `${target}.unverified`
  const packed = `${copy}.gz`
  await removeUnfinished(target)
  try {
    const before = await extentOf(engine)
    await engine.backup(copy, onProgress ? { onProgress } : {})
    const found = await examine(copy)
    if (found.versions < before.versions) throw new DatabaseError('corrupt', { message: 'The copy lacks versions that the database had before.' })
    if (gzip) await pack(copy, packed)
    await rename(gzip ? packed : copy, target)
    await engine.batch([noteDone(nowMs)])
    return { path: target, bytes: (await stat(target)).size, entries: found.entries }
  }
  finally {
    await removeDatabase(copy)
    await rm(packed, { force: true })
  }
}

/** Removes what backups of a process that was killed left; their names have another time in them. */
async function removeUnfinished(target: string): Promise<void> {
  const prefix = basename(target).replace(/\d{8}T\d{9}Z(?:\.gz)?$/, '')
  await removeStale(dirname(target), name => name.startsWith(prefix) && name.includes('.unverified'))
}

/** What a copy holds, once it is certain that it is sound. Throws DatabaseError. */
export async function examine(path: string): Promise<Extent> {
  const { faults, extent: found } = await examineAside<Extent>(path, EXTENT)
  if (faults > 0) throw new DatabaseError('corrupt', { message: 'The copy is damaged: SQLite\'s integrity check finds faults in it.' })
  return found
}

/** Unpacks, and checks that it says the same as what was packed. */
async function pack(from: string, to: string): Promise<void> {
  await createPrivate(to)
  await pipeline(createReadStream(from), createGzip(), createWriteStream(to))
  const hash = createHash('sha256')
  await pipeline(createReadStream(to), createGunzip(), hash)
  if (hash.digest('hex') !== await hashOf(from)) throw new DatabaseError('io', { message: 'The packed copy differs from the copy.' })
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** Where a backup goes that nobody named: beside the database unless told otherwise, with the time in its name. */
export function backupName(databasePath: string, nowMs: number, gzip: boolean, folder = dirname(databasePath)): string {
  return join(folder, `${basename(databasePath)}.backup-${stampOf(nowMs)}${gzip ? '.gz' : ''}`)
}

/** A time for file names that sorts as it goes by, such as 20261121T101500123Z. */
export function stampOf(nowMs: number): string {
  return new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '')
}

/** Removes all but the newest backups that bear names of {@link backupName}, and never `made`. Returns the names removed. */
export async function rotateBackups(databasePath: string, keep: number, { folder = dirname(databasePath), made }: { readonly folder?: string, readonly made?: string } = {}): Promise<string[]> {
  const prefix = `${basename(databasePath)}.backup-`
  const names = (await readdir(folder)).filter(name => name.startsWith(prefix) && /^\d{8}T\d{9}Z(?:\.gz)?$/.test(name.slice(prefix.length)))
  const newest = names.sort().reverse()
  const latest = made === undefined ? undefined : basename(made)
  // With a clock that was set back, the one just made has an old name.
  const old = latest !== undefined && newest.includes(latest) ? newest.filter(name => name !== latest).slice(keep - 1) : newest.slice(keep)
  for (const name of old) await rm(join(folder, name), { force: true })
  return old
}

async function extentOf(engine: Engine): Promise<Extent> {
  const [row] = await engine.all(extent())
  return row ?? { entries: 0, versions: 0 }
}
