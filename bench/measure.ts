import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../src/runtime/server/config'
import type { PendingOp } from '../src/runtime/server/host/contract'
import type { Provider } from '../src/runtime/server/provider'
import { startProvider } from '../src/runtime/server/provider'
import type { HostParts } from '../src/runtime/server/stores'

/** One line of the table. What `ratio` means is said by the section: of speed it is value by floor, of cost too. */
export interface Row {
  readonly id: string
  readonly value: number
  readonly unit: string
  readonly floor: number
  readonly ratio: number
}

export const WORKSPACE = 'bench'
export const scope = { workspaceId: WORKSPACE }
const PAYLOAD_BYTES = 600
const ROUNDS = 3

export function row(id: string, unit: string, value: number, floor: number): Row {
  return { id, value, unit, floor, ratio: value / floor }
}

/** The best of a few rounds, value and floor taking turns, so that a slow moment of the machine does not fall on one side only. */
export async function best(id: string, unit: string, value: () => Promise<number>, floor: () => Promise<number>, rounds = ROUNDS): Promise<Row> {
  const seen = { value: 0, floor: 0 }
  for (let round = 0; round < rounds; round++) {
    seen.value = Math.max(seen.value, await value())
    seen.floor = Math.max(seen.floor, await floor())
  }
  return row(id, unit, seen.value, seen.floor)
}

export function perSecond(count: number, startedAt: number): number {
  return count / (performance.now() - startedAt) * 1000
}

export async function withFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'or3-bench-'))
  try {
    return await work(folder)
  }
  finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export interface BenchOptions {
  readonly env?: Record<string, string>
  readonly host?: HostParts
}

export async function openProvider(path: string, { env, host = { snapshots: true } }: BenchOptions = {}): Promise<Provider> {
  const quiet = { info: () => {}, warn: () => {}, error: (message: string) => console.error(message) }
  const provider = startProvider(readConfig({ OR3_SQLITE_DB_PATH: path, ...env }), { log: quiet, host })
  await provider.started
  return provider
}

/** A provider on a file of its own, gone afterwards. */
export function withProvider<Result>(work: (provider: Provider, path: string) => Promise<Result>, options: BenchOptions = {}): Promise<Result> {
  return withFolder(async (folder) => {
    const path = join(folder, 'bench.sqlite')
    const provider = await openProvider(path, options)
    try {
      return await work(provider, path)
    }
    finally {
      await provider.close()
    }
  })
}

export function makeOp(pk: string, clock: number, operation: 'put' | 'delete' = 'put'): PendingOp {
  const payload = operation === 'delete'
    ? { id: pk, deleted: true, deleted_at: 1 }
    : { id: pk, thread_id: 'thread', role: 'user', index: 0, order_key: 'a', data: { content: 'x'.repeat(PAYLOAD_BYTES - 190) }, deleted: false, created_at: 1, updated_at: 1, clock }
  return {
    id: randomUUID(), tableName: 'messages', operation, pk, payload, createdAt: 0, attempts: 0, status: 'pending',
    stamp: { deviceId: 'device-a', opId: randomUUID(), hlc: `${clock.toString(36).padStart(9, '0')}:000:device-a`, clock },
  }
}

/** 70 % new rows, 20 % updates, 5 % deletes and 5 % retries, the same in every run. */
export function workload(count: number): PendingOp[] {
  let seed = 42
  const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
  const ops: PendingOp[] = []
  const pks: string[] = []
  const pick = () => pks[Math.floor(random() * pks.length)] ?? ''
  for (let index = 0; index < count; index++) {
    const kind = random()
    const retried = kind >= 0.95 ? ops[Math.floor(random() * ops.length)] : undefined
    if (retried) {
      ops.push(retried)
      continue
    }
    const fresh = kind < 0.7 || pks.length === 0
    const pk = fresh ? randomUUID() : pick()
    if (fresh) pks.push(pk)
    ops.push(makeOp(pk, index, kind >= 0.9 ? 'delete' : 'put'))
  }
  return ops
}

/** Pushes ops in batches and returns ops a second. */
export async function pushAll(provider: Provider, ops: readonly PendingOp[], size: number, workspaceId = WORKSPACE): Promise<number> {
  const started = performance.now()
  for (let start = 0; start < ops.length; start += size) await provider.syncGateway.push({}, { scope: { workspaceId }, ops: ops.slice(start, start + size) })
  return perSecond(ops.length, started)
}

/** New rows, made as they are needed: a million at once would be the load. */
export async function fill(provider: Provider, rows: number, workspaceId = WORKSPACE): Promise<void> {
  for (let done = 0; done < rows; done += 500) await pushAll(provider, Array.from({ length: Math.min(500, rows - done) }, () => makeOp(randomUUID(), 1)), 500, workspaceId)
}

/** Pulls everything from `cursor` on and returns changes a second. */
export async function pullAll(provider: Provider, limit: number, cursor = 0): Promise<number> {
  const started = performance.now()
  let pulled = 0
  for (let after = cursor, more = true; more;) {
    const page = await provider.syncGateway.pull({}, { scope, cursor: after, limit })
    pulled += page.changes.length
    after = page.nextCursor
    more = page.hasMore
  }
  return perSecond(pulled, started)
}

/** Takes a whole snapshot and returns rows a second. */
export async function bootstrap(provider: Provider, pageSize: number): Promise<number> {
  const started = performance.now()
  let rows = 0
  let pageToken: string | null | undefined
  do {
    const page = await provider.syncGateway.snapshot({}, { scope, pageSize, ...pageToken ? { pageToken } : {} })
    rows += page.items.length
    pageToken = page.nextPageToken
  } while (pageToken)
  return perSecond(rows, started)
}
