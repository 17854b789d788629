/** Why the database could not do what it was asked. */
export type DatabaseFault = 'busy' | 'full' | 'io' | 'readonly' | 'corrupt' | 'unavailable' | 'foreign' | 'closed' | 'rejected'

const REASONS: Record<DatabaseFault, string> = {
  busy: 'The database is locked by another process.',
  full: 'The disk that holds the database is full.',
  io: 'The disk that holds the database reports an error.',
  readonly: 'The database is read-only: the server has no right to write the file or its folder.',
  corrupt: 'The database file is damaged.',
  unavailable: 'The database file cannot be opened.',
  foreign: 'The file is not a database of this package.',
  closed: 'The database is closed: the server is stopping.',
  rejected: 'The database refused the statement.',
}

/**
 * A failure of the database, without SQL, values or paths in its message, so that it may reach a log
 * or a client. The driver's own error is kept as `cause` for the debugger, not for printing.
 */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'

  constructor(readonly fault: DatabaseFault, options: { message?: string, code?: string, cause?: unknown } = {}) {
    super(options.message ?? REASONS[fault], { cause: options.cause })
    this.code = options.code
  }

  /** SQLite's extended result code, such as SQLITE_IOERR_WRITE. */
  readonly code: string | undefined

  /** Whether the same call may succeed later, once the cause is gone, without a change to the call. */
  get retryable(): boolean {
    return this.fault !== 'rejected'
  }
}

const FAULTS: readonly (readonly [prefix: string, fault: DatabaseFault])[] = [
  ['SQLITE_BUSY', 'busy'],
  ['SQLITE_LOCKED', 'busy'],
  ['SQLITE_PROTOCOL', 'busy'],
  ['SQLITE_FULL', 'full'],
  ['SQLITE_IOERR', 'io'],
  ['SQLITE_NOLFS', 'io'],
  ['SQLITE_READONLY', 'readonly'],
  ['SQLITE_PERM', 'readonly'],
  ['SQLITE_CORRUPT', 'corrupt'],
  ['SQLITE_NOTADB', 'foreign'],
  ['SQLITE_CANTOPEN', 'unavailable'],
  ['SQLITE_AUTH', 'unavailable'],
]

const DRIVER_MISSING = ['ERR_DLOPEN_FAILED', 'ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']

/** The code that Node.js and the driver give their errors, such as ENOENT or SQLITE_FULL. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Turns what a driver or the file system threw into a {@link DatabaseError}; anything else comes back as it is. */
export function toDatabaseError(error: unknown): unknown {
  if (error instanceof DatabaseError || !(error instanceof Error)) return error
  const code = codeOf(error) ?? ''
  const known = FAULTS.find(([prefix]) => code.startsWith(prefix))
  if (known) return new DatabaseError(known[1], { code, cause: error })
  if (code === 'ENOSPC' || code === 'EDQUOT') return new DatabaseError('full', { code, cause: error })
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return new DatabaseError('readonly', { code, cause: error })
  if (DRIVER_MISSING.includes(code)) return new DatabaseError('unavailable', { message: 'The SQLite driver better-sqlite3 cannot be loaded: it is missing or made for another platform.', code, cause: error })
  if (code.startsWith('SQLITE_')) return new DatabaseError('rejected', { code, cause: error })
  if (['ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENAMETOOLONG', 'ELOOP'].includes(code)) return new DatabaseError('unavailable', { code, cause: error })
  return error
}
