import Database from 'better-sqlite3'
import type { Row } from './measure'
import { best, bootstrap, fill, perSecond, pullAll, pushAll, withProvider, workload, WORKSPACE } from './measure'
import { withRawInserts } from './raw'

/* Push, pull and bootstrap beside what SQLite itself takes for the same rows. */

const OPS = 20_000

export async function measureStorage(): Promise<Row[]> {
  const rows: Row[] = []
  for (const size of [1, 10, 50, 100, 500]) {
    rows.push(await best(`push/${size}`, 'ops/s', () => withProvider(provider => pushAll(provider, workload(OPS), size)), () => pushFloor(size)))
  }
  rows.push(...await withProvider(async (provider, path) => {
    await pushAll(provider, workload(OPS), 500)
    const list: Row[] = []
    await reading(path, async (db) => {
      for (const limit of [100, 300, 1000]) list.push(await best(`pull/${limit}`, 'changes/s', () => pullAll(provider, limit), async () => pullFloor(db, limit)))
    })
    return list
  }))
  for (const count of [10_000, 100_000]) {
    rows.push(await withProvider(async (provider, path) => {
      await fill(provider, count)
      // A small one is over before V8 has compiled what it runs.
      const rounds = 300_000 / count
      return reading(path, db => best(`bootstrap/${count}`, 'rows/s', () => bootstrap(provider, 1000), async () => scanFloor(db), rounds))
    }))
  }
  return rows
}

function pushFloor(size: number): Promise<number> {
  return withRawInserts(insert => insert(workload(OPS), size))
}

interface PayloadRow { server_version: number, payload_json: string }

/** The same SELECT with `.all()` and the payloads parsed. */
function pullFloor(db: Database.Database, limit: number): number {
  const select = db.prepare<unknown[], PayloadRow>('SELECT server_version, table_name, pk, op, payload_json, clock, hlc, op_id, device_id FROM change_log WHERE workspace_id = ? AND server_version > ? ORDER BY server_version LIMIT ?')
  const started = performance.now()
  let pulled = 0
  for (let rows = select.all(WORKSPACE, 0, limit); rows.length > 0; rows = select.all(WORKSPACE, rows.at(-1)?.server_version ?? 0, limit)) {
    for (const { payload_json } of rows) JSON.parse(payload_json)
    pulled += rows.length
  }
  return perSecond(pulled, started)
}

/** One scan of the same rows, in order, with the payloads parsed. */
function scanFloor(db: Database.Database): number {
  const started = performance.now()
  let rows = 0
  for (const { payload_json } of db.prepare<unknown[], PayloadRow>('SELECT pk, payload_json, clock, hlc, op_id, server_version FROM s_messages WHERE workspace_id = ? ORDER BY pk').all(WORKSPACE)) {
    JSON.parse(payload_json)
    rows += 1
  }
  return perSecond(rows, started)
}

async function reading<Result>(path: string, work: (db: Database.Database) => Promise<Result>): Promise<Result> {
  const db = new Database(path, { readonly: true })
  try {
    return await work(db)
  }
  finally {
    db.close()
  }
}
