import { describe, expect, it } from 'vitest'
import { eventOf, foldChanges, op, pullAll, pushAs } from '../support/ops'
import { openTestProvider } from '../support/provider'
import { count, select } from '../support/sql'
import { countTurns } from '../support/turns'

const WORKSPACE = 'ws-1'
const DAY = 86_400
const ada = eventOf('ada', WORKSPACE)
const scope = { workspaceId: WORKSPACE }
const collect = { scope, retentionSeconds: DAY }

/** A live row with two older writes, one that lost, a deleted row, a row brought back, and a notification. */
async function withHistory() {
  const provider = await openTestProvider()
  const first = op({ clock: 1 })
  const ops = [
    first, op({ clock: 5 }), op({ clock: 3 }),
    op({ pk: 'gone', clock: 1 }), op({ pk: 'gone', operation: 'delete', clock: 2 }),
    op({ pk: 'back', clock: 1 }), op({ pk: 'back', operation: 'delete', clock: 2 }), op({ pk: 'back', clock: 3 }),
    op({ table: 'notifications', pk: 'n1', clock: 1 }), op({ table: 'notifications', pk: 'n1', clock: 2 }),
  ]
  await pushAs(provider.syncGateway, ada, WORKSPACE, ...ops)
  return { ...provider, first, ops }
}

describe('collection without snapshots', () => {
  it('keeps what is younger than the window and not seen by every device', async () => {
    const { syncGateway, clock } = await withHistory()
    expect(await syncGateway.gcChangeLog(ada, collect)).toEqual({ changes: 0, cursors: 0, receipts: 0 })
    await syncGateway.updateCursor(ada, { scope, deviceId: 'fast', version: 10 })
    await syncGateway.updateCursor(ada, { scope, deviceId: 'slow', version: 2 })
    expect(await syncGateway.gcChangeLog(ada, collect)).toMatchObject({ changes: 1 })
    clock.advance((DAY + 1) * 1000)
    expect(await syncGateway.gcChangeLog(ada, collect)).toMatchObject({ changes: 5, cursors: 2 })
  })

  it('leaves a new device with everything (S16), and the versions where they were', async () => {
    const { syncGateway, clock, engine } = await withHistory()
    const before = await pullAll(syncGateway, ada, WORKSPACE)
    clock.advance((DAY + 1) * 1000)
    await syncGateway.gcChangeLog({}, collect)
    const after = await pullAll(syncGateway, ada, WORKSPACE, { limit: 1 })
    expect([...foldChanges(after.changes)].sort()).toEqual([...foldChanges(before.changes)].sort())
    expect(after.changes.map(change => change.serverVersion)).toEqual([2, 5, 8, 10])
    expect(await syncGateway.pull(ada, { scope, cursor: 0, limit: 100 })).toMatchObject({ oldestRetainedVersion: 0, requiresSnapshot: false, nextCursor: 10 })
    expect(await count(engine, 'change_log')).toBe(4)
    expect((await pushAs(syncGateway, ada, WORKSPACE, op({ pk: 'new' }))).serverVersion).toBe(11)
  })

  it('hands out no version again when the newest entry was a loser', async () => {
    const { syncGateway, clock } = await openTestProvider()
    await pushAs(syncGateway, ada, WORKSPACE, op({ clock: 9 }), op({ clock: 1 }))
    clock.advance((DAY + 1) * 1000)
    await syncGateway.gcChangeLog({}, collect)
    expect((await pullAll(syncGateway, ada, WORKSPACE)).changes.map(change => change.serverVersion)).toEqual([1])
    expect((await pushAs(syncGateway, ada, WORKSPACE, op({ pk: 'm2' }))).results[0]).toMatchObject({ serverVersion: 3 })
  })

  it('recognises a late retry by its receipt (S4), and refuses another op under its id', async () => {
    const { syncGateway, clock, first, ops } = await withHistory()
    clock.advance((DAY + 1) * 1000)
    await syncGateway.gcChangeLog({}, collect)
    const { results, serverVersion } = await pushAs(syncGateway, ada, WORKSPACE, first)
    expect(results).toMatchObject([{ opId: first.stamp.opId, success: true, serverVersion: 1, applied: false, replayed: true, payload: ops[1]?.payload, winner: { kind: 'put', revision: { clock: 5 } } }])
    expect(serverVersion).toBe(10)
    const forged = await pushAs(syncGateway, ada, WORKSPACE, { ...first, payload: { id: 'm1', text: 'forged' } })
    expect(forged.results[0]).toMatchObject({ success: false, errorCode: 'CONFLICT' })
    expect((await pushAs(syncGateway, eventOf('ada', 'ws-2'), 'ws-2', first)).results[0]).toMatchObject({ serverVersion: 1, applied: true })
  })

  it('gives out what is stored as the winner, never what a refused op of the same id said', async () => {
    const { syncGateway, clock } = await openTestProvider({ host: { snapshots: true } })
    const winner = op({ clock: 5 })
    await pushAs(syncGateway, ada, WORKSPACE, winner)
    clock.advance((DAY + 1) * 1000)
    expect(await syncGateway.gcChangeLog({}, collect)).toMatchObject({ changes: 1 })
    const { results } = await pushAs(syncGateway, ada, WORKSPACE, { ...winner, payload: { id: 'm1', text: 'forged' } }, op({ clock: 4 }))
    expect(results).toMatchObject([{ errorCode: 'CONFLICT' }, { applied: false, payload: winner.payload, winner: { payload: winner.payload } }])
  })

  it('does not bring a deleted row back when an old device returns (F3)', async () => {
    const { syncGateway, clock } = await withHistory()
    clock.advance(400 * DAY * 1000)
    await syncGateway.gcChangeLog({}, collect)
    expect(await syncGateway.gcTombstones({}, collect)).toEqual({ tombstones: 0 })
    const { results } = await pushAs(syncGateway, ada, WORKSPACE, op({ pk: 'gone', clock: 1, hlc: 'old-device' }))
    expect(results[0]).toMatchObject({ success: true, applied: false, payload: { id: 'gone', deleted: true } })
  })

  it('stays within its workspace', async () => {
    const { syncGateway, clock } = await withHistory()
    const elsewhere = eventOf('ada', 'ws-2')
    await pushAs(syncGateway, elsewhere, 'ws-2', op({ clock: 1 }), op({ clock: 2 }))
    clock.advance((DAY + 1) * 1000)
    await syncGateway.gcChangeLog({}, collect)
    expect((await pullAll(syncGateway, elsewhere, 'ws-2')).changes).toHaveLength(2)
  })

  it('forgets devices and receipts after their time', async () => {
    const { syncGateway, clock, engine } = await withHistory()
    await syncGateway.updateCursor(ada, { scope, deviceId: 'd', version: 10 })
    await syncGateway.gcChangeLog({}, collect)
    expect(await count(engine, 'op_receipts')).toBe(6)
    clock.advance(2 * 31_536_000 * 1000 + 1000)
    expect(await syncGateway.gcChangeLog({}, collect)).toMatchObject({ cursors: 1, receipts: 6 })
  })

  it('works in steps through a long log, and gives the pages back', async () => {
    const { syncGateway, clock, engine } = await openTestProvider()
    for (let round = 1; round <= 30; round++) {
      await pushAs(syncGateway, ada, WORKSPACE, ...Array.from({ length: 100 }, (_, index) => op({ pk: `m${index}`, clock: round, payload: { id: `m${index}`, text: 'x'.repeat(600) } })))
    }
    clock.advance((DAY + 1) * 1000)
    const pages = async () => (await select<{ page_count: number }>(engine, 'PRAGMA page_count'))[0]?.page_count ?? 0
    const before = await pages()
    const { result, turns } = await countTurns(syncGateway.gcChangeLog({}, collect))
    expect(result).toMatchObject({ changes: 2900 })
    expect(turns, 'the server works in between').toBeGreaterThan(5)
    expect((await pullAll(syncGateway, ada, WORKSPACE)).changes).toHaveLength(100)
    expect(await pages()).toBeLessThan(before)
    expect(await engine.check()).toEqual([])
  })

  it('keeps its steps short where the entries are large (F9)', async () => {
    const { syncGateway, clock } = await openTestProvider()
    const text = 'x'.repeat(200_000)
    for (let round = 1; round <= 40; round++) await pushAs(syncGateway, ada, WORKSPACE, op({ clock: round, payload: { id: 'm1', text } }))
    clock.advance((DAY + 1) * 1000)
    const { result, turns } = await countTurns(syncGateway.gcChangeLog({}, collect))
    expect(result).toMatchObject({ changes: 39 })
    expect(turns, 'about a MiB at a time').toBeGreaterThanOrEqual(6)
  })

  it.each([0, 3599, 31_536_001, 1.5, Number.NaN, '86400', undefined])('refuses a window of %s', async (retentionSeconds) => {
    const { syncGateway } = await openTestProvider()
    for (const method of ['gcChangeLog', 'gcTombstones'] as const) {
      await expect(syncGateway[method](ada, { scope, retentionSeconds: retentionSeconds as number })).rejects.toMatchObject({ statusCode: 400, statusMessage: 'Invalid sync retention window' })
    }
  })
})
