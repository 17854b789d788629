import { describe, expect, it } from 'vitest'
import type { CheckedOp } from '../../src/runtime/server/sync/check-op'
import { keepReferences } from '../../src/runtime/server/sync/file-references'
import * as sql from '../../src/runtime/server/sync/push-sql'
import { SYNCED_TABLES } from '../../src/runtime/server/sync/tables'
import { openTestProvider } from '../support/provider'
import { select } from '../support/sql'

const op: CheckedOp = { opId: 'o', table: 'messages', operation: 'put', pk: 'p', payloadJson: '{}', deleted: false, clock: 1, hlc: 'h', deviceId: 'd', ownerUserId: null }

const append = sql.appendToLog('w', [op], 1)
const statements = [
  ['ensureCounter', sql.ensureCounter('w')],
  ['appendToLog', { sql: append.sql, parameters: append.rows[0] ?? [] }],
  ...SYNCED_TABLES.flatMap(table => sql.foldIntoState('w', table, { puts: true, deletes: true }).map((statement, index) => [`foldIntoState ${table} ${index}`, statement] as const)),
  ...SYNCED_TABLES.map(table => [`deletedState ${table}`, sql.deletedState('w', table, ['p'])] as const),
  ...SYNCED_TABLES.map(table => [`liveState ${table}`, sql.liveState('w', table, ['p'])] as const),
  ...(['messages', 'posts'] as const).flatMap(table => keepReferences('w', table, true).map((statement, index) => [`keepReferences ${table} ${index}`, statement] as const)),
  ['newVersions', sql.newVersions('w', 'w')],
  ['knownOps', sql.knownOps('w', '[]')],
  ['receipts', sql.receipts('w', '[]')],
  ['versionBefore', sql.versionBefore('w')],
  ['advanceCounter', sql.advanceCounter('w', 'w')],
] as const

/** What may be looked up by the workspace alone: one row, or the end of an index. */
const SMALL = /^SEARCH (?:c|w|server_version_counter|lineages)\b|^SEARCH change_log USING COVERING INDEX/

describe('no statement of a push walks what the workspace has', () => {
  it.each(statements)('%s', async (_name, statement) => {
    const { engine } = await openTestProvider()
    const plan = await select<{ detail: string }>(engine, `EXPLAIN QUERY PLAN ${statement.sql}`, ...statement.parameters)
    const walks = plan.map(({ detail }) => detail).filter(detail => (detail.startsWith('SCAN') && !/^SCAN (?:CONSTANT ROW|.*VIRTUAL TABLE)/.test(detail))
      || (detail.startsWith('SEARCH') && !SMALL.test(detail) && /\(workspace_id=\?(?: AND server_version<\?)?\)$/.test(detail)))
    expect(walks).toEqual([])
  })
})
