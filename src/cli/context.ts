import { existsSync, realpathSync } from 'node:fs'
import type { ArgsDef } from 'citty'
import { ConfigError, readConfig } from '../runtime/server/config'
import type { Config } from '../runtime/server/config'
import { openExisting } from '../runtime/server/database/files'
import { BetterSqlite3Engine } from '../runtime/server/engine/better-sqlite3'
import { DatabaseError } from '../runtime/server/engine/errors'
import { AdoptRefusedError } from '../runtime/server/operations/adopt'
import { ImportRefusedError } from '../runtime/server/operations/import'
import { DatabaseInUseError } from '../runtime/server/operations/restore'
import { Output } from './output'

/** What a script may rely on. */
export const EXIT = { done: 0, failed: 1, faults: 2, noDatabase: 3, inUse: 4 } as const

/** Every command has these. */
export const COMMON = {
  db: { type: 'string', description: 'The database file; OR3_SQLITE_DB_PATH by default', valueHint: 'FILE' },
  json: { type: 'boolean', description: 'Print one JSON value, for scripts' },
} as const satisfies ArgsDef

/** The command cannot do what it was asked for; the message is for the person who asked. */
export class CommandError extends Error {
  override readonly name = 'CommandError'

  constructor(message: string, readonly exitCode: number = EXIT.failed) {
    super(message)
  }
}

export interface Context {
  readonly config: Config
  readonly out: Output
  /** The database, opened and of this version; closed when the command ends. */
  open(): BetterSqlite3Engine
}

/** What citty hands to a command. */
interface Invocation {
  readonly args: { readonly db?: string | undefined, readonly json?: boolean | undefined }
  readonly rawArgs: readonly string[]
  readonly cmd: { readonly args?: unknown }
}

/** Runs a command and turns what it throws into one line and an exit code. */
export async function runCommand({ args, rawArgs, cmd }: Invocation, work: (context: Context) => Promise<number | undefined>): Promise<void> {
  const out = new Output(args.json === true)
  const opened: BetterSqlite3Engine[] = []
  try {
    demandKnownFlags(rawArgs, cmd.args ?? {})
    const config = configOf(args.db)
    const context: Context = {
      config,
      out,
      open() {
        demandFile(config.path)
        const engine = openExisting(config)
        opened.push(engine)
        return engine
      },
    }
    process.exitCode = await work(context) ?? EXIT.done
  }
  catch (error) {
    process.exitCode = report(out, error)
  }
  finally {
    for (const engine of opened) await engine.close()
    out.end()
  }
}

/** A flag that is written wrong must not be passed over: it may have been --dry-run. */
function demandKnownFlags(rawArgs: readonly string[], known: unknown): void {
  const names = Object.keys(typeof known === 'object' && known !== null ? known : {})
  for (const raw of rawArgs) {
    if (raw === '--') return
    const name = /^--?(?:no-)?([^=]+)/.exec(raw)?.[1]
    if (name !== undefined && !names.includes(name)) throw new CommandError(`There is no flag ${raw.split('=')[0]}. There are ${names.map(flag => `--${flag}`).join(', ')}; --help tells more.`)
  }
}

/** A file that a command is going to write must not be the database, or what belongs to it. */
export function demandOther(path: string, database: string): void {
  const real = (file: string) => existsSync(file) ? realpathSync(file) : file
  if (['', '-wal', '-shm', '-journal', '.head'].some(part => real(path) === real(database + part))) throw new CommandError('That is the database itself. Name another file.')
}

function configOf(db: string | undefined): Config {
  return readConfig({ ...process.env, ...db === undefined ? {} : { OR3_SQLITE_DB_PATH: db } })
}

export function demandFile(path: string): void {
  if (path === ':memory:') throw new CommandError('There is no database file: OR3_SQLITE_DB_PATH is not set. Name the file with --db.', EXIT.noDatabase)
  if (!existsSync(path)) throw new CommandError(`There is no database at ${path}.`, EXIT.noDatabase)
}

/** A copy, opened without a WAL of its own: it stays one file. */
export function openCopy(path: string): BetterSqlite3Engine {
  return new BetterSqlite3Engine({ path, journalMode: 'DELETE', synchronous: 'FULL', busyTimeoutMs: 5000 })
}

function report(out: Output, error: unknown): number {
  if (error instanceof CommandError) {
    out.fail(error.message)
    return error.exitCode
  }
  if (error instanceof DatabaseInUseError) {
    out.fail(error.message)
    return EXIT.inUse
  }
  if (error instanceof DatabaseError) {
    out.fail(error.message)
    return error.fault === 'busy' ? EXIT.inUse : error.fault === 'foreign' ? EXIT.noDatabase : EXIT.failed
  }
  const expected = error instanceof ConfigError || error instanceof ImportRefusedError || error instanceof AdoptRefusedError || isFileError(error) || isRefusal(error)
  out.fail(expected ? error.message : `Unexpected: ${error instanceof Error ? (process.env.DEBUG ? error.stack : `${error.message} (DEBUG=1 shows where)`) : String(error)}`)
  return EXIT.failed
}

/** A file that is not there, or may not be read or written. */
function isFileError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && 'syscall' in error
}

/** What a store answers to a client, such as "Workspace not found". */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && 'statusCode' in error
}
