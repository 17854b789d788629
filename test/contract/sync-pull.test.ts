import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Engine, Reading } from '../../src/runtime/server/engine/engine'
import { pull } from '../../src/runtime/server/sync/pull'
import { eventOf, op, pullAll, pushAs } from '../support/ops'
import { openTestProvider } from '../support/provider'

const WORKSPACE = 'ws-1'
const ada = eventOf('ada', WORKSPACE)
const grace = eventOf('grace', WORKSPACE)
const scope = { workspaceId: WORKSPACE }

async function withRows(rows: number) {
  const provider = await openTestProvider()
  const ops = Array.from({ length: rows }, (_, index) => op({ pk: `m${index}` }))
  for (let start = 0; start < rows; start += 500) await pushAs(provider.syncGateway, ada, WORKSPACE, ...ops.slice(start, start + 500))
  return { ...provider, ops }
}

describe('pull', () => {
  it('pages through everything exactly once and in order', async () => {
    const { syncGateway, ops } = await withRows(1205)
    for (const limit of [1, 7, 100, 300, 1000]) {
      const { changes, cursor } = await pullAll(syncGateway, ada, WORKSPACE, { limit })
      expect(changes.map(change => change.serverVersion)).toEqual(ops.map((_, index) => index + 1))
      expect(changes.map(change => change.stamp.opId)).toEqual(ops.map(({ stamp }) => stamp.opId))
      expect(cursor).toBe(1205)
    }
  })

  it('says whether there is more, at the very edge too', async () => {
    const { syncGateway } = await withRows(300)
    const page = await syncGateway.pull(ada, { scope, cursor: 0, limit: 300 })
    expect([page.changes.length, page.hasMore, page.nextCursor]).toEqual([300, false, 300])
    const shorter = await syncGateway.pull(ada, { scope, cursor: 0, limit: 299 })
    expect([shorter.changes.length, shorter.hasMore, shorter.nextCursor]).toEqual([299, true, 299])
    const end = await syncGateway.pull(ada, { scope, cursor: 300, limit: 10 })
    expect(end).toEqual({ changes: [], nextCursor: 300, hasMore: false, oldestRetainedVersion: 0, requiresSnapshot: false })
  })

  it('gives a change as it was accepted', async () => {
    const { syncGateway } = await openTestProvider()
    const put = op({ payload: { id: 'm1', file_hashes: null, nested: { list: [1, 'é', '\u{1F600}', '\0'] }, deleted: false } })
    await pushAs(syncGateway, ada, WORKSPACE, put)
    const { changes } = await pullAll(syncGateway, ada, WORKSPACE)
    expect(changes).toEqual([{ serverVersion: 1, tableName: 'messages', pk: 'm1', op: 'put', payload: put.payload, stamp: put.stamp }])
  })

  it('filters by table and moves its cursor by what it read', async () => {
    const { syncGateway } = await openTestProvider()
    await pushAs(syncGateway, ada, WORKSPACE, op({ table: 'threads', pk: 't1' }), op(), op({ table: 'file_meta', pk: 'h1' }), op({ table: 'threads', pk: 't2' }))
    const { changes, cursor } = await pullAll(syncGateway, ada, WORKSPACE, { tables: ['threads', 'unknown'], limit: 1 })
    expect(changes.map(change => [change.serverVersion, change.pk])).toEqual([[1, 't1'], [4, 't2']])
    expect(cursor).toBe(4)
    expect((await pullAll(syncGateway, ada, WORKSPACE, { tables: ['unknown'] })).changes).toEqual([])
  })

  it('never stalls on rows it may not show (S25)', async () => {
    const { syncGateway } = await openTestProvider()
    const notes = Array.from({ length: 20 }, (_, index) => op({ table: 'notifications', pk: `n${index}` }))
    await pushAs(syncGateway, ada, WORKSPACE, ...notes, op({ pk: 'm-last' }))
    let cursor = 0
    for (let page = 1; page <= 4; page++) {
      const { changes, hasMore, nextCursor } = await syncGateway.pull(grace, { scope, cursor, limit: 5 })
      expect([changes.length, hasMore, nextCursor]).toEqual([0, true, page * 5])
      cursor = nextCursor
    }
    expect((await syncGateway.pull(grace, { scope, cursor, limit: 5 })).changes.map(change => change.pk)).toEqual(['m-last'])
  })

  it('cuts a page of large rows (F19)', async () => {
    const { syncGateway } = await openTestProvider()
    for (let row = 0; row < 40; row++) await pushAs(syncGateway, ada, WORKSPACE, op({ pk: `m${row}`, payload: { id: `m${row}`, text: 'x'.repeat(250_000) } }))
    const page = await syncGateway.pull(ada, { scope, cursor: 0, limit: 1000 })
    expect(page.hasMore).toBe(true)
    expect(page.changes.length).toBeLessThan(20)
    const { changes } = await pullAll(syncGateway, ada, WORKSPACE, { limit: 1000 })
    expect(changes.map(change => change.serverVersion)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
  })

  it('asks a device that is ahead of the server for a snapshot (S15)', async () => {
    const { syncGateway } = await withRows(3)
    expect(await syncGateway.pull(ada, { scope, cursor: 4, limit: 10 })).toEqual({ changes: [], nextCursor: 4, hasMore: false, oldestRetainedVersion: 0, requiresSnapshot: true })
  })

  it.each<[string, object, object, number]>([
    ['a cursor that is no number', ada, { scope, cursor: 'x', limit: 1 }, 400],
    ['a negative cursor', ada, { scope, cursor: -1, limit: 1 }, 400],
    ['a cursor beyond what JavaScript counts', ada, { scope, cursor: 2 ** 53, limit: 1 }, 400],
    ['tables that are no list', ada, { scope, cursor: 0, limit: 1, tables: 'messages' }, 400],
    ['no scope', ada, { cursor: 0, limit: 1 }, 400],
    ['a blank workspace', {}, { scope: { workspaceId: ' ' }, cursor: 0, limit: 1 }, 400],
    ['a workspace name that is too long', {}, { scope: { workspaceId: 'w'.repeat(257) }, cursor: 0, limit: 1 }, 400],
    ['another workspace than the session\'s', ada, { scope: { workspaceId: 'ws-2' }, cursor: 0, limit: 1 }, 403],
  ])('refuses %s', async (_what, event, request, statusCode) => {
    const { syncGateway } = await openTestProvider()
    await expect(syncGateway.pull(event, request as Parameters<typeof syncGateway.pull>[1])).rejects.toMatchObject({ statusCode })
  })

  it('works for the host itself, which has no session', async () => {
    const { syncGateway } = await withRows(2)
    for (const event of [{}, { context: undefined }, { context: {} }]) expect((await pullAll(syncGateway, event, WORKSPACE)).changes).toHaveLength(2)
  })

  it('sees rows, floor and watermark of one moment while another process writes (S14)', async () => {
    const { engine, path, syncGateway } = await openTestProvider()
    await pushAs(syncGateway, ada, WORKSPACE, op())
    const other = new Database(path)
    onTestFinished(() => void other.close())
    const write = () => {
      const { value } = other.prepare<[], { value: number }>('UPDATE server_version_counter SET value = value + 1 RETURNING value').get() ?? { value: 0 }
      other.prepare('INSERT INTO change_log SELECT workspace_id, ?, table_name, pk, op, deleted, payload_json, clock, hlc, ?, device_id, owner_user_id, created_at FROM change_log LIMIT 1').run(value, `op-${value}`)
    }
    // Between any two statements of a pull somebody else commits.
    const interrupted: Engine = Object.create(engine, {
      read: {
        value: <Result>(work: () => Reading<Result>) => engine.read(function* () {
          const inner = work()
          let step = inner.next()
          while (!step.done) {
            const rows = yield step.value
            write()
            step = inner.next(rows)
          }
          return step.value
        }),
      },
    })
    const first = await pull(interrupted, { workspaceId: WORKSPACE, userId: 'ada', cursor: 0, limit: 1000, tables: undefined })
    expect([first.changes.length, first.nextCursor, first.requiresSnapshot]).toEqual([1, 1, false])
    const second = await pull(interrupted, { workspaceId: WORKSPACE, userId: 'ada', cursor: 1, limit: 1000, tables: undefined })
    expect(second.changes.map(change => change.serverVersion)).toEqual(Array.from({ length: second.nextCursor - 1 }, (_, index) => index + 2))
    expect(second.nextCursor).toBeGreaterThan(1)
  })
})
