import Database from 'better-sqlite3'
import type { PendingOp } from '../src/runtime/server/host/contract'
import { perSecond, withProvider, WORKSPACE } from './measure'

/** Inserts ops in batches of so many, one transaction each, and tells how many a second. */
export type RawInsert = (ops: readonly PendingOp[], size: number) => number

/** The floor of a push: the same rows into the same two tables with cached statements, no rules at all. */
export function withRawInserts<Result>(work: (insert: RawInsert) => Result): Promise<Result> {
  return withProvider(async (provider, path) => {
    await provider.close()
    const db = new Database(path)
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = NORMAL')
    for (const name of db.prepare('SELECT name FROM sqlite_schema WHERE type = \'trigger\'').pluck().all()) db.exec(`DROP TRIGGER ${String(name)}`)
    const log = db.prepare('INSERT OR IGNORE INTO change_log VALUES (?, ?, \'messages\', ?, ?, 0, ?, ?, ?, ?, ?, NULL, 1)')
    const state = db.prepare('INSERT OR REPLACE INTO s_messages VALUES (?, ?, ?, ?, ?, ?, ?, 1)')
    let version = 0
    const write = db.transaction((batch: readonly PendingOp[]) => {
      for (const { pk, operation, payload, stamp } of batch) {
        const json = JSON.stringify(payload)
        version += 1
        log.run(WORKSPACE, version, pk, operation, json, stamp.clock, stamp.hlc, stamp.opId, stamp.deviceId)
        state.run(WORKSPACE, pk, json, stamp.clock, stamp.hlc, stamp.opId, version)
      }
    })
    const result = work((ops, size) => {
      const started = performance.now()
      for (let start = 0; start < ops.length; start += size) write.immediate(ops.slice(start, start + size))
      return perSecond(ops.length, started)
    })
    db.close()
    return result
  })
}
