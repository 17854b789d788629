import { chmod, mkdir, open, readdir, rm, stat, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf, DatabaseError, toDatabaseError } from './errors'

/** Owner may read and write; nobody else (trap I6). SQLite gives the WAL the same mode. */
const PRIVATE = 0o600

/** Linux `statfs` types of file systems that more than one machine can write, where WAL is not safe (hazard F11). */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517B, 'SMB'],
  [0xFF534D42, 'CIFS'],
  [0xFE534D42, 'SMB'],
  [0x5346414F, 'AFS'],
  [0x01021997, '9P'],
  [0x00C36400, 'CephFS'],
  [0x0BD00BD0, 'Lustre'],
])

export interface PreparedFile {
  /** Whether this call made the file. */
  readonly created: boolean
  /** The network file system the file lies on, if it is known to be one. */
  readonly networkFileSystem: string | undefined
}

/** Makes the folder and a private empty file where there is none, and looks where it lies. Throws {@link DatabaseError}. */
export async function prepareFile(path: string): Promise<PreparedFile> {
  try {
    await mkdir(dirname(path), { recursive: true })
    const created = await createPrivate(path)
    if (!created) await restrict(path)
    return { created, networkFileSystem: await networkFileSystem(path) }
  }
  catch (error) {
    throw toDatabaseError(error)
  }
}

/** Makes an empty file that only its owner may read. Returns whether there was none. */
export async function createPrivate(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', PRIVATE)
    await file.close()
    return true
  }
  catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

const STALE_MS = 60 * 60 * 1000

/** Removes what copies to `target` left unfinished when their process was killed; one that goes on is written to all the time. */
export async function removeStaleParts(target: string): Promise<void> {
  await removeStale(dirname(target), name => name.startsWith(`${basename(target)}.`) && /\.part(?:-journal)?$/.test(name))
}

/** Removes files of a folder that nobody has written to for an hour. */
export async function removeStale(folder: string, isMeant: (name: string) => boolean): Promise<void> {
  for (const name of (await readdir(folder)).filter(isMeant)) {
    const path = join(folder, name)
    if ((await stat(path)).mtimeMs < Date.now() - STALE_MS) await rm(path, { force: true })
  }
}

/** Removes a database with what SQLite keeps beside it, whatever of it is there. */
export async function removeDatabase(path: string): Promise<void> {
  for (const part of ['', '-wal', '-shm', '-journal']) await rm(path + part, { force: true })
}

async function restrict(path: string): Promise<void> {
  const found = await stat(path)
  if (!found.isFile()) throw new DatabaseError('unavailable', { message: 'The database path is not a file.' })
  if (process.platform === 'win32' || (found.mode & 0o077) === 0) return
  try {
    await chmod(path, PRIVATE)
  }
  catch (error) {
    // A file owned by somebody else may still be ours to use; the operator chose its rights.
    if (!['EPERM', 'EROFS'].includes(codeOf(error) ?? '')) throw error
  }
}

export async function networkFileSystem(path: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined
  return nameNetworkFileSystem((await statfs(path)).type)
}

/** The name of a network file system by its `statfs` type, which some Node.js versions give as a negative number. */
export function nameNetworkFileSystem(type: number): string | undefined {
  return NETWORK_FILE_SYSTEMS.get(type >>> 0)
}
