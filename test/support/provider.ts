import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { readConfig } from '../../src/runtime/server/config'
import type { Log, Provider, ProviderOptions } from '../../src/runtime/server/provider'
import { startProvider } from '../../src/runtime/server/provider'
import { checkedGateway } from './checked-gateway'
import { findLeak } from './leaks'

/** A clock that stands where it is put. */
export class TestClock {
  constructor(public time = Date.UTC(2026, 7, 1)) {}

  now(): number {
    return this.time
  }

  advance(ms: number): void {
    this.time += ms
  }
}

/** Collects what the provider reports. */
export function testLog(): Log & { readonly lines: string[] } {
  const lines: string[] = []
  return {
    lines,
    info: message => void lines.push(`info ${message}`),
    warn: message => void lines.push(`warn ${message}`),
    error: message => void lines.push(`error ${message}`),
  }
}

/** A folder of the running test's own, removed when it ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'or3-sqlite-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export interface TestProvider extends Provider {
  readonly clock: TestClock
  readonly path: string
  readonly log: ReturnType<typeof testLog>
}

export interface TestOptions {
  path?: string
  env?: Record<string, string>
  clock?: TestClock
  /** Lines that are not searched for leaks: the log of slow statements shows SQL, which is asked for. */
  mayLog?: RegExp
  /** As a host of February, without snapshots, unless it says otherwise. */
  host?: ProviderOptions['host']
}

/** A started provider on a real file of its own; closed when the test ends. The host's checks see every answer. */
export async function openTestProvider(options: TestOptions = {}): Promise<TestProvider> {
  const path = options.path ?? join(await temporaryFolder(), 'data', 'test.sqlite')
  const clock = options.clock ?? new TestClock()
  const log = testLog()
  const provider = startProvider(readConfig({ OR3_SQLITE_DB_PATH: path, ...options.env }), { clock, log, ...options.host ? { host: options.host } : {} })
  onTestFinished(async () => {
    await provider.close()
    const leak = findLeak(log.lines.filter(line => !options.mayLog?.test(line)).join('\n'))
    if (leak !== undefined) throw new Error(`the log holds ${leak}`)
  })
  await provider.started
  return { ...provider, syncGateway: checkedGateway(provider.syncGateway), clock, path, log }
}
