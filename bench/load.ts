import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import type { Row } from './measure'
import { bootstrap, fill, makeOp, pushAll, row, scope, withProvider } from './measure'

/* What a process under load costs besides time: memory, and the price of durability. */

const MIB = 1024 * 1024

/** In a process of its own, which has done nothing else before. */
export async function measureMemoryApart(): Promise<Row[]> {
  const output = execFileSync(process.execPath, [resolve('node_modules/jiti/lib/jiti-cli.mjs'), 'bench/memory.ts'], { maxBuffer: MIB }).toString()
  return JSON.parse(output) as Row[]
}

/** Peak resident memory in a bootstrap of 100,000 rows and in a long series of pushes, beside what it was before. */
export async function measureMemory(): Promise<Row[]> {
  return withProvider(async (provider) => {
    await fill(provider, 100_000)
    const before = rss()
    const bootstrapped = await peakOf(() => bootstrap(provider, 1000))
    const settled = rss()
    const pushed = await peakOf(async () => {
      for (let round = 0; round < 40; round++) await pushAll(provider, Array.from({ length: 2500 }, () => makeOp(randomUUID(), 1)), 50)
    })
    return [row('memory/bootstrap', 'MiB', bootstrapped, before), row('memory/push', 'MiB', pushed, settled)]
  })
}

function rss(): number {
  globalThis.gc?.()
  return process.memoryUsage.rss() / MIB
}

async function peakOf(work: () => Promise<unknown>): Promise<number> {
  let peak = 0
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss() / MIB)), 5)
  await work()
  clearInterval(timer)
  return Math.max(peak, process.memoryUsage.rss() / MIB)
}

const PUSHES = 4000

/** Pushes of one op each, by one client and by 16 at once: FULL beside NORMAL. */
export async function measureDurability(): Promise<Row[]> {
  const rows: Row[] = []
  for (const clients of [1, 16]) {
    const seen = { FULL: 0, NORMAL: 0 }
    for (let round = 0; round < 3; round++) {
      for (const mode of ['FULL', 'NORMAL'] as const) {
        const speed = await withProvider(async (provider) => {
          const ops = Array.from({ length: PUSHES }, () => makeOp(randomUUID(), 1))
          const started = performance.now()
          await Promise.all(Array.from({ length: clients }, async (_, client) => {
            for (let index = client; index < PUSHES; index += clients) await provider.syncGateway.push({}, { scope, ops: ops.slice(index, index + 1) })
          }))
          return PUSHES / (performance.now() - started) * 1000
        }, { env: { OR3_SQLITE_PRAGMA_SYNCHRONOUS: mode } })
        seen[mode] = Math.max(seen[mode], speed)
      }
    }
    rows.push(row(`durability/full${clients}`, 'pushes/s', seen.FULL, seen.NORMAL))
  }
  return rows
}
