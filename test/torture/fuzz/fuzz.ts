import { join } from 'node:path'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import type { Provider } from '../../../src/runtime/server/provider'
import { TestClock } from '../../support/provider'
import { demand } from '../convergence/reference'
import type { Round, Verdict } from '../stand'
import { openProvider, withFolder } from '../stand'
import type { Spoil } from './garbage'
import { garbage, spoil, spoilWith } from './garbage'
import type { SoundCall } from './sound-calls'
import { soundCalls } from './sound-calls'

/** The host's class, by which its routes know what they may tell a client. */
export class HostConnectError extends Error {
  override readonly name = 'ConnectStoreError'
  constructor(readonly code: string, message: string) {
    super(message)
  }
}

/** Errors that the host tells by their name, as the contract has them. */
const TOLD_BY_NAME = ['BackgroundJobLeaseLostError', 'TooManyJobsError']

/** Calls every method of every store with arguments that are right but for one or two places. */
export async function fuzz({ runs, seed }: Round): Promise<Verdict> {
  return withFolder(async (folder) => {
    const path = join(folder, 'fuzz.sqlite')
    const clock = new TestClock()
    const provider = await openProvider(path, { clock, host: { snapshots: true, ConnectStoreError: HostConnectError } })
    const watcher = new Database(path, { readonly: true })
    try {
      const calls = await soundCalls(provider, clock.now())
      const schema = schemaOf(watcher)
      const details = await fc.check(fc.asyncProperty(fc.nat(calls.length - 1), fc.array(spoilWith(garbage), { minLength: 1, maxLength: 2 }), async (index, spoils) => {
        const call = calls[index]
        if (call) await tryOut(call, spoils, watcher)
      }), { numRuns: runs, seed })
      if (details.failed) return { runs, fault: `${String(details.errorInstance)}\n${String(await fc.asyncDefaultReportMessage(details)).slice(0, 3000)}` }
      demand(schemaOf(watcher) === schema, () => 'the schema has changed')
      demand(!('polluted' in {}), () => 'Object.prototype was polluted')
      await demandSoundCallsWork(provider, calls)
      return { runs, fault: undefined }
    }
    finally {
      watcher.close()
      await provider.close()
    }
  })
}

async function tryOut({ name, args, given, call }: SoundCall, spoils: readonly Spoil[], watcher: Database.Database): Promise<void> {
  const spoiled = spoils.reduce<unknown>((value, next) => spoil(value, next), args.slice(given))
  const before = watcher.pragma('data_version', { simple: true })
  try {
    await call(...args.slice(0, given), ...Array.isArray(spoiled) ? spoiled as unknown[] : [spoiled])
  }
  catch (error) {
    demand(isRefusal(error), () => `${name} fell over: ${error instanceof Error ? error.stack : String(error)}`)
    demand(watcher.pragma('data_version', { simple: true }) === before, () => `${name} refused, and wrote`)
    demand(!/SELECT|INSERT|SQLITE_|\.sqlite|\/tmp\//.test((error as Error).message), () => `${name} says too much: ${(error as Error).message}`)
  }
}

/** An answer of ours: a status below 500, or the host's own class. */
function isRefusal(error: unknown): boolean {
  if (error instanceof HostConnectError) return true
  if (error instanceof Error && TOLD_BY_NAME.includes(error.name)) return true
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500
}

/** After all that, what is right is still taken. */
async function demandSoundCallsWork(provider: Provider, calls: readonly SoundCall[]): Promise<void> {
  for (const { name, args, call } of calls) {
    try {
      await call(...args)
    }
    catch (error) {
      demand(isRefusal(error), () => `${name} does not work any more: ${String(error)}`)
    }
  }
  const faults = await provider.engine.check()
  demand(faults.length === 0, () => faults.join('; '))
}

function schemaOf(database: Database.Database): string {
  return JSON.stringify(database.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all())
}
