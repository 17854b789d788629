import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { DatabaseError, toDatabaseError } from './errors'

/* As text, because a bundler would have to be told of a file. */
const WORKER = `
  const { parentPort, workerData } = require('node:worker_threads')
  const Database = require(workerData.driver)
  const database = new Database(workerData.path, { fileMustExist: true })
  try {
    database.pragma('journal_mode = DELETE')
    const faults = database.pragma('integrity_check(20)').map(row => row.integrity_check).filter(text => text !== 'ok')
    const orphans = database.pragma('foreign_key_check').length
    const extent = database.prepare(workerData.extent).get()
    parentPort.postMessage({ faults: faults.length + orphans, extent })
  }
  finally {
    database.close()
  }`

/**
 * Checks a copy in a thread of its own, because a check reads all of it and a server must not wait. Leaves the
 * copy without a WAL. `extent`: SQL whose one row is answered too. Throws {@link DatabaseError}.
 */
export async function examineAside<Extent>(path: string, extent: string): Promise<{ readonly faults: number, readonly extent: Extent }> {
  const driver = createRequire(import.meta.url).resolve('better-sqlite3')
  const worker = new Worker(WORKER, { eval: true, workerData: { driver, path, extent } })
  return new Promise((settle, fail) => {
    worker.once('message', settle)
    worker.once('error', (error: unknown) => fail(toDatabaseError(error)))
    worker.once('exit', () => fail(new DatabaseError('io', { message: 'The check of the copy ended without a result.' })))
  })
}
