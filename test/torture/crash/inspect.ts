import Database from 'better-sqlite3'
import { demand, isNewer } from '../convergence/reference'
import type { Journal } from './journal'
import { opIdOf } from './journal'

interface LogRow { workspace_id: string, server_version: number, pk: string, op: string, clock: number, hlc: string, op_id: string }

/** Throws where a file is not what its journal says it must be. `collected`: the log may have gaps. */
export function inspect(path: string, journal: Journal, collected: boolean): void {
  const database = new Database(path, { readonly: true })
  try {
    demandSound(database)
    const log = database.prepare<[], LogRow>('SELECT workspace_id, server_version, pk, op, clock, hlc, op_id FROM change_log ORDER BY workspace_id, server_version').all()
    const receipts = database.prepare<[], { workspace_id: string, op_id: string, server_version: number }>('SELECT workspace_id, op_id, server_version FROM op_receipts').all()
    const versions = new Map<string, number>()
    for (const { workspace_id, op_id, server_version } of [...log, ...receipts]) {
      demand(!versions.has(`${workspace_id}/${op_id}`), () => `${op_id} is there twice`)
      versions.set(`${workspace_id}/${op_id}`, server_version)
    }
    demandBatches(journal, versions)
    demandVersions(database, log, receipts)
    if (!collected) demandStates(database, log)
  }
  finally {
    database.close()
  }
}

export function demandSound(database: Database.Database): void {
  const integrity = database.pragma('integrity_check') as { integrity_check: string }[]
  demand(integrity[0]?.integrity_check === 'ok', () => `integrity_check: ${integrity.map(row => row.integrity_check).join('; ')}`)
  demand((database.pragma('foreign_key_check') as unknown[]).length === 0, () => 'foreign_key_check found orphans')
}

/** What was acknowledged is there under its version; what was not is there as a whole or not at all. */
function demandBatches(journal: Journal, versions: ReadonlyMap<string, number>): void {
  for (const [name, batch] of journal.batches) {
    const found = Array.from({ length: batch.size }, (_, index) => versions.get(`${batch.workspaceId}/${opIdOf(name, index)}`))
    if (batch.versions) {
      for (const [index, version] of found.entries()) demand(version === batch.versions[index], () => `op ${index} of batch ${name} was acknowledged as ${batch.versions?.[index]} and is ${version}`)
    }
    const there = found.filter(version => version !== undefined).length
    demand(there === 0 || there === batch.size, () => `${there} of the ${batch.size} ops of batch ${name} are there`)
  }
}

function demandVersions(database: Database.Database, log: readonly LogRow[], receipts: readonly { workspace_id: string, server_version: number }[]): void {
  for (const { workspace_id, value } of database.prepare<[], { workspace_id: string, value: number }>('SELECT workspace_id, value FROM server_version_counter').all()) {
    const all = [...log, ...receipts].filter(row => row.workspace_id === workspace_id).map(row => row.server_version).sort((left, right) => left - right)
    demand(all.every((version, index) => version === index + 1), () => `the versions of ${workspace_id} are not contiguous`)
    demand(value === all.length, () => `the counter of ${workspace_id} is ${value}, its last version ${all.length}`)
  }
}

/** Rows and tombstones are the fold of the log. */
function demandStates(database: Database.Database, log: readonly LogRow[]): void {
  const winners = new Map<string, LogRow>()
  for (const row of log) {
    const key = `${row.workspace_id}/${row.pk}`
    const standing = winners.get(key)
    if (!standing || isNewer(revision(row), revision(standing))) winners.set(key, row)
  }
  const states = database.prepare<[], { key: string, op_id: string, gone: number }>(`
    SELECT workspace_id || '/' || pk AS key, op_id, 0 AS gone FROM s_messages
    UNION ALL SELECT workspace_id || '/' || pk, op_id, 1 FROM tombstones`).all()
  demand(states.length === winners.size, () => `${states.length} states for ${winners.size} keys`)
  for (const state of states) {
    const winner = winners.get(state.key)
    demand(winner?.op_id === state.op_id && (winner.op === 'delete') === (state.gone === 1), () => `${state.key} is not what won`)
  }
}

function revision({ clock, hlc, op_id }: LogRow) {
  return { clock, hlc, opId: op_id }
}
