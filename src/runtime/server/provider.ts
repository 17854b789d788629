import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from './clock'
import { systemClock } from './clock'
import type { Config } from './config'
import { HighWaterFile } from './database/high-water'
import { Lineage } from './database/lineage'
import { DeferredEngine } from './engine/deferred'
import type { SlowLog } from './engine/connection'
import type { Engine } from './engine/engine'
import { codeOf, DatabaseError, toDatabaseError } from './engine/errors'
import { prepareFile } from './engine/file'
import { unsupportedNode } from './engine/node-version'
import type { EmitHook } from './hook-queue'
import { HookQueue } from './hook-queue'
import { Housekeeping } from './housekeeping'
import { careNow } from './operations/care'
import { readLevels } from './metrics/levels'
import type { Metrics } from './metrics/prometheus'
import type { HostParts, Stores } from './stores'
import { choresOf, createStores } from './stores'

/** Where the provider reports to; consola fits. */
export interface Log {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

export interface ProviderOptions {
  readonly clock?: Clock
  readonly log: Log
  /** The version of Node.js that runs; for tests. */
  readonly nodeVersion?: string
  /** What the host brings; by default what every host has. */
  readonly host?: HostParts & { readonly emitHook?: EmitHook | undefined }
}

export interface Provider extends Stores {
  readonly engine: Engine
  /** Undefined where no token is set. */
  readonly metrics: { readonly token: string, scrape(): Promise<{ readonly type: string, readonly body: string } | undefined> } | undefined
  /** Makes a verified copy now, unless a process is at it. Throws DatabaseError. */
  backUp(): Promise<boolean>
  /** Removes history that no device needs any more, now. Returns the number of log entries; undefined where another process is at it. Throws DatabaseError. */
  collect(): Promise<number | undefined>
  /** Frees what has expired, as is done every ten minutes. */
  tidy(): Promise<void>
  /** Settles when the database is open and migrated, or has failed to; never rejects. */
  readonly started: Promise<void>
  /** Ends in order; may be called more than once. */
  close(): Promise<void>
}

/** How long the end of the server waits for hooks on their way to the host, in milliseconds. */
const HOOK_PATIENCE_MS = 2000
/** And for a chore. */
const CHORE_PATIENCE_MS = 5000

interface Opened {
  readonly engine: Engine
  readonly lineage: Lineage | undefined
}

/**
 * Opens the database in the background and returns the stores at once. A failed start is logged once;
 * every call then fails with its reason.
 */
export function startProvider(config: Config, options: ProviderOptions): Provider {
  const { clock = systemClock, log, host = { snapshots: false } } = options
  for (const warning of config.warnings) log.warn(warning)

  let opened: Opened | undefined
  const opening = open(config, { ...options, clock, onBusy: () => void metrics?.then(counters => counters?.waited()) })
  const started = opening.then((result) => {
    opened = result
  }, (error: unknown) => log.error(`${startFailure(error).message}${causeOf(error)}`))
  const engine = new DeferredEngine(opening.then(result => result.engine, (error: unknown) => {
    throw startFailure(error)
  }))

  const metrics = config.metricsToken === undefined
    ? undefined
    : countFor(config, engine, clock).catch(() => {
        log.warn('Metrics are not available: prom-client cannot be loaded.')
        return undefined
      })
  const onCollected = (entries: number) => void metrics?.then(counters => counters?.collected(entries))
  const hooks = new HookQueue(host.emitHook, message => log.warn(message))
  const housekeeping = new Housekeeping(choresOf({ engine, clock, config, host, log, onCollected }), error => log.warn(`A chore of the database failed${causeOf(error)}. It is tried again.`))
  void started.then(() => opened && housekeeping.start())

  let closing: Promise<void> | undefined
  return {
    ...createStores({ engine, clock, config, host, hooks, onWrite: () => opened?.lineage?.noteWrite(), warn: message => log.warn(message), metrics }),
    engine,
    metrics: metrics && config.metricsToken !== undefined ? { token: config.metricsToken, scrape: async () => (await metrics)?.scrape() } : undefined,
    started,
    ...careNow(config, { engine, clock, log, snapshots: host.snapshots, onCollected }),
    tidy: () => housekeeping.run(),
    close: () => closing ??= started.then(async () => {
      // A copy or a collection may take long, and whoever stops a server waits half a minute at most.
      await Promise.race([housekeeping.stop(), delay(CHORE_PATIENCE_MS, undefined, { ref: false })])
      // A hook of the host's that never ends must not keep the server from ending.
      await Promise.race([hooks.idle(), delay(HOOK_PATIENCE_MS, undefined, { ref: false })])
      await (opened?.lineage ? opened.lineage.end() : opened?.engine.close())
    }),
  }
}

/** Counters, loaded only where somebody is going to read them. */
async function countFor(config: Config, engine: Engine, clock: Clock): Promise<Metrics> {
  const { Metrics: Counters } = await import('./metrics/prometheus')
  return new Counters(() => readLevels(engine, config.path, clock))
}

async function open(config: Config, { clock, log, onBusy, nodeVersion = process.versions.node }: ProviderOptions & { clock: Clock, onBusy: () => void }): Promise<Opened> {
  const tooOld = unsupportedNode(nodeVersion)
  if (tooOld !== undefined) throw new DatabaseError('unavailable', { message: tooOld })

  const inMemory = config.path === ':memory:'
  const created = inMemory || await placeFile(config, log)
  // Loaded only now: the driver takes an unsupported Node.js down, and hosts without auth need no driver.
  const engine = await loadEngine(config, log, onBusy)
  try {
    return { engine, lineage: inMemory ? undefined : await beginLineage(engine, config, { clock, log, created }) }
  }
  catch (error) {
    await engine.close()
    throw error
  }
}

async function loadEngine(config: Config, log: Log, onBusy: () => void): Promise<Engine> {
  try {
    const { openLocalDatabase } = await import('./database/open')
    return await openLocalDatabase({ ...config, onBusy, ...slowLogOf(config, log) }, log)
  }
  catch (error) {
    throw toDatabaseError(error)
  }
}

/** The log of statements that the environment asks for. */
function slowLogOf({ slowStatementMs, debugSql }: Config, log: Log): { slow?: SlowLog } {
  const text = (sql: string) => sql.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
  if (debugSql) return { slow: { thresholdMs: -1, onSlow: (ms, sql) => log.info(`SQL, ${ms.toFixed(2)} ms: ${text(sql)}`) } }
  if (slowStatementMs === 0) return {}
  return { slow: { thresholdMs: slowStatementMs, onSlow: (ms, sql) => log.warn(`A statement took ${Math.round(ms)} ms: ${text(sql)}`) } }
}

async function beginLineage(engine: Engine, config: Config, { clock, log, created }: { clock: Clock, log: Log, created: boolean }): Promise<Lineage> {
  const flushed = config.synchronous === 'FULL' || config.synchronous === 'EXTRA'
  const lineage = new Lineage(engine, new HighWaterFile(config.path), { clock, flushed, onFault: message => log.warn(message) })
  const skip = await lineage.begin(created)
  if (skip) log.warn(`${skip.reason} Versions were moved ${skip.versions} ahead so that none is used twice.`)
  return lineage
}

/** Makes or finds the file. Returns whether it was made now. */
async function placeFile(config: Config, log: Log): Promise<boolean> {
  const { created, networkFileSystem } = await prepareFile(config.path)
  if (networkFileSystem !== undefined) {
    const found = `The database lies on a network file system (${networkFileSystem}), where SQLite's locks do not hold and the file can be damaged.`
    if (config.strict) throw new DatabaseError('unavailable', { message: `${found} Move it to a local disk, or unset OR3_SQLITE_STRICT.` })
    log.warn(`${found} Move it to a local disk.`)
  }
  return created
}

/** For the operator's log: the code that tells what lies behind a reason, never a message, which may name a path. */
function causeOf(error: unknown): string {
  const coded = codeOf(error)
  if (error instanceof DatabaseError) return coded === undefined ? '' : ` (${coded})`
  return ` (${coded ?? (error instanceof Error ? `${error.name}: ${error.message}` : 'unknown')})`
}

/** The reason of a failed start, in words that may reach a client. */
function startFailure(error: unknown): DatabaseError {
  const reason = error instanceof DatabaseError ? error.message : 'An unexpected error happened while the database was opened.'
  return new DatabaseError('unavailable', { message: `The SQLite provider did not start. ${reason}`, cause: error })
}
