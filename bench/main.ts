import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { readConfig } from '../src/runtime/server/config'
import type { PendingOp } from '../src/runtime/server/host/contract'
import type { Provider } from '../src/runtime/server/provider'
import { startProvider } from '../src/runtime/server/provider'

/*
 * Push and pull beside what SQLite itself takes for the same rows, in one process and one run. A ratio says
 * more than a time: the machine is the same on both sides.
 */

const WORKSPACE = 'bench'
const PAYLOAD_BYTES = 600
const OPS = 20_000
const ROUNDS = 3
const scope = { workspaceId: WORKSPACE }

interface Row {
  id: string
  /** Operations a second. */
  value: number
  floor: number
  ratio: number
}

async function main(): Promise<void> {
  const rows: Row[] = []
  for (const size of [1, 10, 50, 100, 500]) rows.push(await best(`push/${size}`, () => measurePush(size), () => measurePushFloor(size)))
  for (const limit of [100, 300, 1000]) rows.push(await measurePull(limit))
  console.log(`${'id'.padEnd(12)}${'ops/s'.padStart(12)}${'floor'.padStart(12)}${'ratio'.padStart(8)}`)
  for (const row of rows) console.log(`${row.id.padEnd(12)}${Math.round(row.value).toString().padStart(12)}${Math.round(row.floor).toString().padStart(12)}${row.ratio.toFixed(2).padStart(8)}`)
}

/** Takes turns, so that a slow moment of the machine does not fall on one side only. */
async function best(id: string, value: () => Promise<number>, floor: () => Promise<number>): Promise<Row> {
  const seen = { value: 0, floor: 0 }
  for (let round = 0; round < ROUNDS; round++) {
    seen.value = Math.max(seen.value, await value())
    seen.floor = Math.max(seen.floor, await floor())
  }
  return { id, ...seen, ratio: seen.value / seen.floor }
}

/** 70 % new rows, 20 % updates, 5 % deletes and 5 % retries, the same in every run. */
function workload(): PendingOp[] {
  let seed = 42
  const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
  const ops: PendingOp[] = []
  const pks: string[] = []
  const pick = () => pks[Math.floor(random() * pks.length)] ?? ''
  for (let index = 0; index < OPS; index++) {
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

function makeOp(pk: string, clock: number, operation: 'put' | 'delete'): PendingOp {
  const payload = operation === 'delete'
    ? { id: pk, deleted: true, deleted_at: 1 }
    : { id: pk, thread_id: 'thread', role: 'user', index: 0, order_key: 'a', data: { content: 'x'.repeat(PAYLOAD_BYTES - 190) }, deleted: false, created_at: 1, updated_at: 1, clock }
  return {
    id: randomUUID(), tableName: 'messages', operation, pk, payload, createdAt: 0, attempts: 0, status: 'pending',
    stamp: { deviceId: 'device-a', opId: randomUUID(), hlc: `${clock.toString(36).padStart(9, '0')}:000:device-a`, clock },
  }
}

async function withProvider<Result>(work: (provider: Provider) => Promise<Result>): Promise<Result> {
  return withFolder(async (folder) => {
    const quiet = { info: () => {}, warn: () => {}, error: (message: string) => console.error(message) }
    const provider = startProvider(readConfig({ OR3_SQLITE_DB_PATH: join(folder, 'b.sqlite') }), { log: quiet })
    await provider.started
    const result = await work(provider)
    await provider.close()
    return result
  })
}

async function withFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'or3-bench-'))
  try {
    return await work(folder)
  }
  finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function measurePush(size: number): Promise<number> {
  const ops = workload()
  return withProvider(async ({ syncGateway }) => {
    const started = performance.now()
    for (let start = 0; start < ops.length; start += size) await syncGateway.push({}, { scope, ops: ops.slice(start, start + size) })
    return perSecond(ops.length, started)
  })
}

/** The same rows into the same two tables with cached statements, one transaction per batch, no rules at all. */
async function measurePushFloor(size: number): Promise<number> {
  const ops = workload()
  return withFolder(async (folder) => {
    const path = join(folder, 'f.sqlite')
    const provider = startProvider(readConfig({ OR3_SQLITE_DB_PATH: path }), { log: { info: () => {}, warn: () => {}, error: () => {} } })
    await provider.started
    await provider.close()
    const db = new Database(path)
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = NORMAL')
    for (const name of db.prepare('SELECT name FROM sqlite_schema WHERE type = \'trigger\'').pluck().all()) db.exec(`DROP TRIGGER ${String(name)}`)
    const log = db.prepare('INSERT OR IGNORE INTO change_log VALUES (?, ?, \'messages\', ?, ?, 0, ?, ?, ?, ?, ?, NULL, 1)')
    const row = db.prepare('INSERT OR REPLACE INTO s_messages VALUES (?, ?, ?, ?, ?, ?, ?, 1)')
    let version = 0
    const write = db.transaction((batch: PendingOp[]) => {
      for (const { pk, operation, payload, stamp } of batch) {
        const json = JSON.stringify(payload)
        version += 1
        log.run(WORKSPACE, version, pk, operation, json, stamp.clock, stamp.hlc, stamp.opId, stamp.deviceId)
        row.run(WORKSPACE, pk, json, stamp.clock, stamp.hlc, stamp.opId, version)
      }
    })
    const started = performance.now()
    for (let start = 0; start < ops.length; start += size) write.immediate(ops.slice(start, start + size))
    const value = perSecond(ops.length, started)
    db.close()
    return value
  })
}

async function measurePull(limit: number): Promise<Row> {
  return withFolder(async (folder) => {
    const path = join(folder, 'p.sqlite')
    const provider = startProvider(readConfig({ OR3_SQLITE_DB_PATH: path }), { log: { info: () => {}, warn: () => {}, error: () => {} } })
    const ops = workload()
    for (let start = 0; start < ops.length; start += 500) await provider.syncGateway.push({}, { scope, ops: ops.slice(start, start + 500) })
    const db = new Database(path, { readonly: true })
    const select = db.prepare<unknown[], { server_version: number, payload_json: string }>('SELECT server_version, table_name, pk, op, payload_json, clock, hlc, op_id, device_id FROM change_log WHERE workspace_id = ? AND server_version > ? ORDER BY server_version LIMIT ?')
    const row = await best(`pull/${limit}`, async () => {
      const started = performance.now()
      let pulled = 0
      for (let cursor = 0, more = true; more;) {
        const page = await provider.syncGateway.pull({}, { scope, cursor, limit })
        pulled += page.changes.length
        cursor = page.nextCursor
        more = page.hasMore
      }
      return perSecond(pulled, started)
    }, async () => {
      const started = performance.now()
      let pulled = 0
      for (let cursor = 0; ;) {
        const page = select.all(WORKSPACE, cursor, limit)
        for (const entry of page) JSON.parse(entry.payload_json)
        pulled += page.length
        cursor = page.at(-1)?.server_version ?? cursor
        if (page.length < limit) return perSecond(pulled, started)
      }
    })
    db.close()
    await provider.close()
    return row
  })
}

function perSecond(count: number, started: number): number {
  return count / ((performance.now() - started) / 1000)
}

void main()
