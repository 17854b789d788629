import { randomUUID } from 'node:crypto'
import { eventFor } from '../src/runtime/server/host/session'
import type { Provider } from '../src/runtime/server/provider'
import type { Row } from './measure'
import { fill, makeOp, pullAll, pushAll, row, scope, withProvider } from './measure'
import { withRawInserts } from './raw'

/* What stays the same as a file grows: the cost of a push and a pull, and what a byte of payload takes. */

const SAMPLE = 5000
const ROUNDS = 5

/** Microseconds per op in a file with so many log rows: small first, then the same file grown. Lower is better. */
export async function measureGrowth(): Promise<Row[]> {
  const log = await withProvider(async (provider) => {
    await fill(provider, 10_000)
    const small = await costs(provider, 10_000)
    await fill(provider, 1_000_000 - 10_000 - ROUNDS * SAMPLE)
    return { small, large: await costs(provider, 1_000_000) }
  })
  const one = await withProvider(provider => costOfWorkspaces(provider, 1))
  const many = await withProvider(provider => costOfWorkspaces(provider, 1000))
  return [
    row('growth/push', 'µs/op at 1M rows', log.large.push, log.small.push),
    await growthOfRawInserts(),
    row('growth/pull', 'µs/change at 1M rows', log.large.pull, log.small.pull),
    row('growth/workspaces', 'µs/op at 1,000', many, one),
  ]
}

/** What a push cannot do better than: the raw inserts of its floor, in files of the same two sizes. */
async function growthOfRawInserts(): Promise<Row> {
  return withRawInserts((insert) => {
    const cost = () => Math.min(...Array.from({ length: ROUNDS }, () => 1e6 / insert(fresh(SAMPLE), 50)))
    for (let count = 0; count < 10_000; count += SAMPLE) insert(fresh(SAMPLE), 500)
    const small = cost()
    for (let count = 10_000 + ROUNDS * SAMPLE; count < 1_000_000; count += SAMPLE) insert(fresh(SAMPLE), 500)
    return row('growth/raw', 'µs/op at 1M rows', cost(), small)
  })
}

async function costs(provider: Provider, rows: number): Promise<{ push: number, pull: number }> {
  const seen = { push: Number.POSITIVE_INFINITY, pull: Number.POSITIVE_INFINITY }
  for (let round = 0; round < ROUNDS; round++) {
    seen.push = Math.min(seen.push, 1e6 / await pushAll(provider, fresh(SAMPLE), 50))
    seen.pull = Math.min(seen.pull, 1e6 / await pullAll(provider, 300, Math.max(0, rows - SAMPLE)))
  }
  return seen
}

/** The same ops, spread over so many workspaces that all have rows already. */
async function costOfWorkspaces(provider: Provider, workspaces: number): Promise<number> {
  const names = Array.from({ length: workspaces }, () => randomUUID())
  for (const name of names) await fill(provider, 20_000 / workspaces, name)
  let cost = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const ops = fresh(SAMPLE)
    const started = performance.now()
    for (let start = 0, turn = 0; start < SAMPLE; start += 50, turn++) {
      await provider.syncGateway.push({}, { scope: { workspaceId: names[turn % workspaces] ?? '' }, ops: ops.slice(start, start + 50) })
    }
    cost = Math.min(cost, (performance.now() - started) * 1000 / SAMPLE)
  }
  return cost
}

function fresh(count: number) {
  return Array.from({ length: count }, () => makeOp(randomUUID(), 1))
}

/**
 * Bytes of the file by bytes of payload; and, once half of the rows were rewritten and what that superseded is
 * collected, by what a file takes that only ever had the rows that live.
 */
export async function measureDisk(): Promise<Row[]> {
  const first = Array.from({ length: 20_000 }, () => makeOp(randomUUID(), 1))
  const second = first.slice(0, 10_000).map(({ pk }) => makeOp(pk, 2))
  const bytes = (ops: typeof first) => ops.reduce((sum, op) => sum + JSON.stringify(op.payload).length, 0)
  const live = await withProvider(async (provider) => {
    await pushAll(provider, [...second, ...first.slice(10_000)], 500)
    return size(provider)
  }, WITHOUT_SNAPSHOTS)
  return withProvider(async (provider) => {
    await pushAll(provider, first, 500)
    const once = await size(provider)
    await pushAll(provider, second, 500)
    await provider.syncGateway.updateCursor(eventFor('bench', scope.workspaceId), { scope, deviceId: 'device-a', version: 30_000 })
    await provider.syncGateway.gcChangeLog({}, { scope, retentionSeconds: 3600 })
    return [row('disk/bytes', 'stored bytes', once, bytes(first)), row('disk/collected', 'stored bytes', await size(provider), live)]
  }, WITHOUT_SNAPSHOTS)
}

/** Superseded history only: what a host of February collects. */
const WITHOUT_SNAPSHOTS = { host: { snapshots: false } }

async function size(provider: Provider): Promise<number> {
  for (let step = 0; step < 100; step++) await provider.engine.reclaim()
  const [pages] = await provider.engine.all<{ bytes: number }>({ sql: 'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size', parameters: [] })
  return pages?.bytes ?? 0
}
