import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../src/runtime/server/config'
import type { Provider, ProviderOptions } from '../../src/runtime/server/provider'
import { startProvider } from '../../src/runtime/server/provider'

/** What a round of torture is run with. */
export interface Round {
  readonly runs: number
  readonly seed: number
  /** For progress; absent in tests. */
  readonly say?: (line: string) => void
}

/** What a round found: nothing, or the smallest way to see the fault again. */
export interface Verdict {
  readonly runs: number
  readonly fault: string | undefined
  /** What else is worth a line. */
  readonly notes?: readonly string[]
}

export async function withFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'or3-torture-'))
  try {
    return await work(folder)
  }
  finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A provider as the host starts it. Faults of its own are thrown, not only logged. */
export async function openProvider(path: string, options: Partial<ProviderOptions> & { env?: Record<string, string> } = {}): Promise<Provider> {
  const faults: string[] = []
  const log = { info: () => {}, warn: () => {}, error: (message: string) => void faults.push(message) }
  const provider = startProvider(readConfig({ OR3_SQLITE_DB_PATH: path, ...options.env }), { log, ...options })
  await provider.started
  if (faults.length > 0) throw new Error(faults.join('; '))
  return provider
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
