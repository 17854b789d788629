import { dirname, resolve } from 'node:path'
import * as z from 'zod'

/** Settings of the local engine, read once when the server starts. */
export interface Config {
  readonly driver: 'better-sqlite3'
  /** An absolute file path, or `:memory:`. */
  readonly path: string
  readonly journalMode: string
  readonly synchronous: string
  /** How long a write waits for another process's lock, in milliseconds. */
  readonly busyTimeoutMs: number
  readonly strict: boolean
  /** The highest clock an op may carry. */
  readonly maxClock: number
  /** How far the time in an op's hlc may be ahead of the server's, in milliseconds. */
  readonly maxAheadMs: number
  /** Auth providers that vouch for the e-mail addresses they report. */
  readonly verifiedEmailProviders: readonly string[]
  /** Verified copies that the server makes by itself; undefined where it is not asked to. */
  readonly backup: { readonly everyMs: number, readonly keep: number, readonly folder: string } | undefined
  /** Collection of history that the server does by itself, whatever the host does. */
  readonly collect: { readonly everyMs: number, readonly retentionSeconds: number } | undefined
  /** What a scraper of metrics has to show; undefined: there are none. */
  readonly metricsToken: string | undefined
  /** Statements that take longer are logged, without their parameters; 0: none. In milliseconds. */
  readonly slowStatementMs: number
  /** Log every statement, without its parameters. */
  readonly debugSql: boolean
  /** What is allowed but deserves a line in the log. */
  readonly warnings: readonly string[]
}

/** Every fault of the environment in one message, with what would be accepted and how to mend it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly #faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(`or3-provider-sqlite cannot start, ${faults.length === 1 ? 'one setting is' : `${faults.length} settings are`} wrong:\n${faults.map(fault => `  - ${fault}`).join('\n')}`)
    this.#faults = faults
    // Node.js prints the stack of what stops it; the fault is in the environment, not at a line of code.
    this.stack = `${this.name}: ${this.message}`
  }

  get faults(): readonly string[] {
    return this.#faults
  }
}

type Environment = Readonly<Record<string, string | undefined>>

const DRIVERS = ['better-sqlite3', 'better', 'sqlite']
const REMOTE_DRIVERS = ['bun', 'turso', 'libsql', 'd1', 'cloudflare-d1', 'cloudflare']
/** https://sqlite.org/pragma.html#pragma_journal_mode */
const JOURNAL_MODES = ['DELETE', 'TRUNCATE', 'PERSIST', 'MEMORY', 'WAL', 'OFF']
/** https://sqlite.org/pragma.html#pragma_synchronous */
const SYNCHRONOUS = ['OFF', 'NORMAL', 'FULL', 'EXTRA']
const HOUR_MS = 3_600_000
const TRUE = ['1', 'true', 'yes']
const FALSE = ['0', 'false', 'no', '']

const oneOf = (accepted: readonly string[], otherwise: string) => z.string().optional().transform((value, context) => {
  const word = value?.trim().toUpperCase() || otherwise
  if (accepted.includes(word)) return word
  return fault(context, `is "${shown(value)}". Accepted: ${accepted.join(', ')}. Remove it to use ${otherwise}.`)
})

const wholeNumber = (lowest: number, highest: number, otherwise: number, unit: string) => z.string().optional().transform((value, context) => {
  if (value === undefined || value.trim() === '') return otherwise
  const number = Number(value)
  if (Number.isInteger(number) && number >= lowest && number <= highest) return number
  return fault(context, `is "${shown(value)}". Accepted: a whole number of ${unit} from ${lowest} to ${highest}. Remove it to use ${otherwise}.`)
})

const flag = z.string().optional().transform((value, context) => {
  const word = value?.trim().toLowerCase() ?? ''
  if (TRUE.includes(word)) return true
  if (FALSE.includes(word)) return false
  return fault(context, `is "${shown(value)}". Accepted: ${TRUE.join(', ')} for on; 0, false, no or nothing for off.`)
})

const listOfIds = z.string().optional().transform(value => (value ?? '').split(',').map(id => id.trim()).filter(id => id !== ''))

const MIN_TOKEN = 16
const token = z.string().optional().transform((value, context) => {
  const word = value?.trim() ?? ''
  if (word === '' || word.length >= MIN_TOKEN) return word || undefined
  return fault(context, `is too short. Accepted: at least ${MIN_TOKEN} characters. Remove it to offer no metrics.`)
})

const driver = z.string().optional().transform((value, context) => {
  const word = value?.trim().toLowerCase() || 'better-sqlite3'
  if (DRIVERS.includes(word)) return 'better-sqlite3' as const
  const known = REMOTE_DRIVERS.includes(word) ? ' This version has the local engine only.' : ''
  return fault(context, `is "${shown(value)}". Accepted: ${DRIVERS.join(', ')}.${known} Remove it to use better-sqlite3.`)
})

const environment = z.object({
  OR3_SQLITE_DRIVER: driver,
  OR3_SQLITE_PRAGMA_JOURNAL_MODE: oneOf(JOURNAL_MODES, 'WAL'),
  OR3_SQLITE_PRAGMA_SYNCHRONOUS: oneOf(SYNCHRONOUS, 'NORMAL'),
  OR3_SQLITE_BUSY_TIMEOUT_MS: wholeNumber(0, 60_000, 5000, 'milliseconds'),
  OR3_SQLITE_ALLOW_IN_MEMORY: flag,
  OR3_SQLITE_STRICT: flag,
  OR3_SQLITE_VERIFIED_EMAIL_PROVIDERS: listOfIds,
  OR3_SQLITE_MAX_CLOCK: wholeNumber(1, Number.MAX_SAFE_INTEGER, 10_000_000_000_000, 'edits'),
  OR3_SQLITE_MAX_CLOCK_AHEAD_SECONDS: wholeNumber(60, 10_000_000_000, 30 * 86_400, 'seconds'),
  OR3_SQLITE_BACKUP_EVERY_HOURS: wholeNumber(0, 8760, 0, 'hours'),
  OR3_SQLITE_BACKUP_KEEP: wholeNumber(1, 10_000, 7, 'backups'),
  OR3_SQLITE_BACKUP_DIR: z.string().optional(),
  OR3_SQLITE_COLLECT_EVERY_HOURS: wholeNumber(0, 8760, 0, 'hours'),
  OR3_SQLITE_COLLECT_RETENTION_DAYS: wholeNumber(1, 365, 365, 'days'),
  OR3_SQLITE_METRICS_TOKEN: token,
  OR3_SQLITE_SLOW_MS: wholeNumber(0, 600_000, 0, 'milliseconds'),
  OR3_SQLITE_DEBUG_SQL: flag,
})

type Values = z.infer<typeof environment>

/** Read elsewhere in this file, or meant for engines of later versions. */
const OTHER_NAMES = ['OR3_SQLITE_DB_PATH', 'OR3_SQLITE_TURSO_URL', 'OR3_SQLITE_TURSO_AUTH_TOKEN', 'OR3_SQLITE_D1_BINDING']
const NAMES = [...Object.keys(environment.shape), ...OTHER_NAMES]

/**
 * Reads the settings. This is the only place that looks at OR3_SQLITE_* variables.
 * Throws {@link ConfigError}, which names every fault and never a path or a token.
 */
export function readConfig(env: Environment): Config {
  const faults: string[] = []
  const values = readValues(env, faults)
  const path = choosePath(env, values, faults)
  if (values.OR3_SQLITE_STRICT && isUnsafe(values.OR3_SQLITE_PRAGMA_JOURNAL_MODE)) {
    faults.push(`OR3_SQLITE_PRAGMA_JOURNAL_MODE is ${values.OR3_SQLITE_PRAGMA_JOURNAL_MODE}, with which a crash damages the file, and OR3_SQLITE_STRICT is on. Remove it to use WAL.`)
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return Object.freeze({
    driver: values.OR3_SQLITE_DRIVER,
    path,
    journalMode: values.OR3_SQLITE_PRAGMA_JOURNAL_MODE,
    synchronous: values.OR3_SQLITE_PRAGMA_SYNCHRONOUS,
    busyTimeoutMs: values.OR3_SQLITE_BUSY_TIMEOUT_MS,
    strict: values.OR3_SQLITE_STRICT,
    maxClock: values.OR3_SQLITE_MAX_CLOCK,
    maxAheadMs: values.OR3_SQLITE_MAX_CLOCK_AHEAD_SECONDS * 1000,
    verifiedEmailProviders: values.OR3_SQLITE_VERIFIED_EMAIL_PROVIDERS,
    backup: values.OR3_SQLITE_BACKUP_EVERY_HOURS === 0 || path === ':memory:'
      ? undefined
      : { everyMs: values.OR3_SQLITE_BACKUP_EVERY_HOURS * HOUR_MS, keep: values.OR3_SQLITE_BACKUP_KEEP, folder: resolve(values.OR3_SQLITE_BACKUP_DIR?.trim() || dirname(resolve(path))) },
    collect: values.OR3_SQLITE_COLLECT_EVERY_HOURS === 0
      ? undefined
      : { everyMs: values.OR3_SQLITE_COLLECT_EVERY_HOURS * HOUR_MS, retentionSeconds: values.OR3_SQLITE_COLLECT_RETENTION_DAYS * 86_400 },
    metricsToken: values.OR3_SQLITE_METRICS_TOKEN,
    slowStatementMs: values.OR3_SQLITE_SLOW_MS,
    debugSql: values.OR3_SQLITE_DEBUG_SQL,
    warnings: warningsOf(env, values, path),
  })
}

/** A wrong value counts as not set, so that it does not hide what the others say. */
function readValues(env: Environment, faults: string[]): Values {
  const parsed = environment.safeParse(env)
  if (parsed.success) return parsed.data
  faults.push(...parsed.error.issues.map(issue => `${issue.path.join('.')} ${issue.message}`))
  const wrong = new Set(parsed.error.issues.map(issue => issue.path[0]))
  return environment.parse(Object.fromEntries(Object.entries(env).filter(([name]) => !wrong.has(name))))
}

/** A file, or memory where nobody can lose anything by it (trap I1). */
function choosePath(env: Environment, values: Values, faults: string[]): string {
  const isTest = env.NODE_ENV === 'test' || TRUE.includes(env.VITEST?.trim().toLowerCase() ?? '')
  const path = env.OR3_SQLITE_DB_PATH?.trim() || (isTest ? ':memory:' : '')
  const fault = pathFault(path, isTest, values)
  if (fault !== undefined) faults.push(`OR3_SQLITE_DB_PATH ${fault}`)
  return path === ':memory:' ? path : resolve(path)
}

function pathFault(path: string, isTest: boolean, values: Values): string | undefined {
  if (path === '') return 'is not set. Set it to the file that holds the data, such as ./.data/or3-sync.sqlite.'
  if (path === ':memory:') {
    if (values.OR3_SQLITE_STRICT) return 'is :memory:, which loses all data on restart, and OR3_SQLITE_STRICT is on. Set it to a file.'
    if (isTest || values.OR3_SQLITE_ALLOW_IN_MEMORY) return undefined
    return 'is :memory:, which loses all data on restart. Set it to a file, or set OR3_SQLITE_ALLOW_IN_MEMORY=true.'
  }
  if (/^[a-z][a-z0-9+.-]+:/i.test(path)) return 'is a URL. Accepted: a plain file path, such as ./.data/or3-sync.sqlite.'
  if (path.includes('\0')) return 'contains a NUL character. Accepted: a plain file path.'
  return undefined
}

function warningsOf(env: Environment, values: Values, path: string): string[] {
  const strangers = Object.keys(env).filter(name => name.startsWith('OR3_SQLITE_') && !NAMES.includes(name))
  return [
    ...path === ':memory:' ? ['The database is in memory: all data is lost when the server stops.'] : [],
    ...isUnsafe(values.OR3_SQLITE_PRAGMA_JOURNAL_MODE) ? [`OR3_SQLITE_PRAGMA_JOURNAL_MODE=${values.OR3_SQLITE_PRAGMA_JOURNAL_MODE}: a crash can damage the file.`] : [],
    ...values.OR3_SQLITE_PRAGMA_SYNCHRONOUS === 'OFF' ? ['OR3_SQLITE_PRAGMA_SYNCHRONOUS=OFF: a power loss can damage the file.'] : [],
    ...strangers.map(name => `${name} is not a setting of this version and has no effect.`),
  ]
}

function isUnsafe(journalMode: string): boolean {
  return ['OFF', 'MEMORY'].includes(journalMode)
}

function fault(context: z.core.$RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}

function shown(value: string | undefined): string {
  return (value ?? '').slice(0, 40)
}
