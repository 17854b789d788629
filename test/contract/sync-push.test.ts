import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { foldChanges, eventOf, hlcAt, op, pullAll, pushAs, revisionOf } from '../support/ops'
import { openTestProvider } from '../support/provider'
import { count } from '../support/sql'

const WORKSPACE = 'ws-1'
const ada = eventOf('ada', WORKSPACE)
const grace = eventOf('grace', WORKSPACE)

describe('push', () => {
  it('gives contiguous versions in batch order, to losers too', async () => {
    const { syncGateway } = await openTestProvider()
    const winner = op({ clock: 5 })
    const loser = op({ clock: 3 })
    const other = op({ pk: 'm2' })
    const { results, serverVersion } = await pushAs(syncGateway, ada, WORKSPACE, winner, loser, other)
    expect(results).toEqual([
      { opId: winner.stamp.opId, success: true, serverVersion: 1, applied: true },
      { opId: loser.stamp.opId, success: true, serverVersion: 2, applied: false, payload: winner.payload, winner: { kind: 'put', payload: winner.payload, revision: revisionOf(winner) } },
      { opId: other.stamp.opId, success: true, serverVersion: 3, applied: true },
    ])
    expect(serverVersion).toBe(3)
    const { changes } = await pullAll(syncGateway, ada, WORKSPACE)
    expect(changes.map(change => [change.serverVersion, change.pk, change.payload])).toEqual([
      [1, 'm1', winner.payload], [2, 'm1', loser.payload], [3, 'm2', other.payload],
    ])
  })

  it('answers an empty batch with the current version (S22)', async () => {
    const { syncGateway } = await openTestProvider()
    expect(await pushAs(syncGateway, ada, WORKSPACE)).toEqual({ results: [], serverVersion: 0 })
    await pushAs(syncGateway, ada, WORKSPACE, op())
    expect(await pushAs(syncGateway, ada, WORKSPACE)).toEqual({ results: [], serverVersion: 1 })
  })

  it('orders equal clocks by hlc, then by op id', async () => {
    const { syncGateway } = await openTestProvider()
    const low = '00000000-0000-4000-8000-000000000001'
    const high = '00000000-0000-4000-8000-000000000002'
    const first = op({ clock: 2, hlc: 'b', opId: low })
    await pushAs(syncGateway, ada, WORKSPACE, first)
    const lowerHlc = await pushAs(syncGateway, ada, WORKSPACE, op({ clock: 2, hlc: 'a', opId: high }))
    expect(lowerHlc.results[0]).toMatchObject({ success: true, applied: false, payload: first.payload })
    const higherOpId = await pushAs(syncGateway, ada, WORKSPACE, op({ pk: 'm1', clock: 2, hlc: 'b', opId: '00000000-0000-4000-8000-000000000003' }))
    expect(higherOpId.results[0]).toMatchObject({ applied: true })
  })

  it('compares hlc as JavaScript does, beyond the basic plane too (S20)', async () => {
    const { syncGateway } = await openTestProvider()
    const astral = '\u{1F600}'
    const high = '\uFF5E'
    expect(astral < high).toBe(true)
    const winner = op({ clock: 1, hlc: high })
    await pushAs(syncGateway, ada, WORKSPACE, winner)
    const { results } = await pushAs(syncGateway, ada, WORKSPACE, op({ clock: 1, hlc: astral }))
    expect(results[0]).toMatchObject({ applied: false })
    const { changes } = await pullAll(syncGateway, ada, WORKSPACE)
    expect(changes.map(change => change.stamp.hlc)).toEqual([high, astral])
  })

  it('keeps workspaces apart that use the same pk and op id (S1, S3)', async () => {
    const { syncGateway } = await openTestProvider()
    const shared = op({ table: 'kv', pk: 'kv:theme', payload: { id: 'kv:theme', value: 'dark' } })
    const elsewhere = { ...shared, payload: { id: 'kv:theme', value: 'light' } }
    await pushAs(syncGateway, ada, WORKSPACE, shared)
    const other = await pushAs(syncGateway, eventOf('ada', 'ws-2'), 'ws-2', elsewhere)
    expect(other.results[0]).toMatchObject({ success: true, serverVersion: 1, applied: true })
    const { changes } = await pullAll(syncGateway, eventOf('ada', 'ws-2'), 'ws-2')
    expect(changes.map(change => change.payload)).toEqual([elsewhere.payload])
  })

  describe('idempotency', () => {
    it('answers a retry with the original version and writes nothing', async () => {
      const { syncGateway } = await openTestProvider()
      const first = op()
      await pushAs(syncGateway, ada, WORKSPACE, first)
      await pushAs(syncGateway, ada, WORKSPACE, op({ pk: 'm2' }))
      const reordered = { ...first, payload: Object.fromEntries(Object.entries(first.payload as object).reverse()) }
      const again = await pushAs(syncGateway, ada, WORKSPACE, reordered)
      expect(again).toEqual({ results: [{ opId: first.stamp.opId, success: true, serverVersion: 1, applied: true, replayed: true }], serverVersion: 2 })
    })

    it('tells a retry that was overtaken who won (S5)', async () => {
      const { syncGateway } = await openTestProvider()
      const first = op({ clock: 1 })
      const later = op({ clock: 2 })
      await pushAs(syncGateway, ada, WORKSPACE, first, later)
      const { results } = await pushAs(syncGateway, ada, WORKSPACE, first)
      expect(results[0]).toEqual({
        opId: first.stamp.opId, success: true, serverVersion: 1, applied: false, replayed: true, payload: later.payload,
        winner: { kind: 'put', payload: later.payload, revision: revisionOf(later) },
      })
    })

    it.each([
      ['payload', { payload: { id: 'm1', text: 'changed' } }],
      ['pk', { pk: 'm9' }],
      ['clock', { clock: 9 }],
      ['hlc', { hlc: hlcAt(5) }],
      ['device', { deviceId: 'device-z' }],
      ['table', { table: 'posts' }],
      ['operation', { operation: 'delete' as const }],
    ])('refuses an op id that comes back with another %s and changes nothing', async (_field, change) => {
      const { syncGateway } = await openTestProvider()
      const opId = randomUUID()
      const input = { opId, pk: 'm1', clock: 1, hlc: hlcAt(1), payload: { id: 'm1', text: 'first' } }
      await pushAs(syncGateway, ada, WORKSPACE, op(input))
      const changed = { ...input, ...change }
      const { results, serverVersion } = await pushAs(syncGateway, ada, WORKSPACE, op('pk' in change ? { ...changed, payload: { id: 'm9', text: 'first' } } : changed))
      expect(results).toEqual([{ opId, success: false, error: `Conflicting operation reuses processed op_id ${opId}`, errorCode: 'CONFLICT' }])
      expect(serverVersion).toBe(1)
      expect((await pullAll(syncGateway, ada, WORKSPACE)).changes.map(row => row.payload)).toEqual([{ id: 'm1', text: 'first' }])
    })

    it('counts the same op twice in a batch once, and refuses two different ones', async () => {
      const { syncGateway } = await openTestProvider()
      const twin = op()
      const opId = randomUUID()
      const good = op({ pk: 'm3' })
      const { results } = await pushAs(syncGateway, ada, WORKSPACE, twin, op({ pk: 'm2', opId }), twin, op({ pk: 'm2', opId, clock: 2 }), good)
      expect(results).toEqual([
        { opId: twin.stamp.opId, success: true, serverVersion: 1, applied: true },
        { opId, success: false, error: `Conflicting operations reuse op_id ${opId}`, errorCode: 'CONFLICT' },
        { opId: good.stamp.opId, success: true, serverVersion: 2, applied: true },
      ])
    })
  })

  describe('deletes', () => {
    it('gives the loser against a tombstone a payload that says deleted (S6)', async () => {
      const { syncGateway } = await openTestProvider()
      const remove = op({ operation: 'delete', clock: 5, payload: { id: 'm1', text: 'last words', deleted: true } })
      await pushAs(syncGateway, ada, WORKSPACE, op({ clock: 1 }), remove)
      const { results } = await pushAs(syncGateway, ada, WORKSPACE, op({ clock: 4 }))
      expect(results[0]).toMatchObject({ success: true, applied: false, payload: { id: 'm1', text: 'last words', deleted: true } })
      expect(results[0]?.payload?.deleted_at).toBeTypeOf('number')
    })

    it('accepts a delete without payload and of a row nobody knows', async () => {
      const { syncGateway } = await openTestProvider()
      const remove = op({ table: 'file_meta', pk: 'sha256:ab', operation: 'delete', payload: undefined, clock: 3 })
      expect((await pushAs(syncGateway, ada, WORKSPACE, remove)).results[0]).toMatchObject({ success: true, applied: true })
      const put = await pushAs(syncGateway, ada, WORKSPACE, op({ table: 'file_meta', pk: 'sha256:ab', clock: 2 }))
      expect(put.results[0]).toMatchObject({ applied: false, payload: { hash: 'sha256:ab', deleted: true } })
      const { changes } = await pullAll(syncGateway, ada, WORKSPACE)
      expect(changes[0]).not.toHaveProperty('payload')
    })

    it('lets a later put bring the row back and a later delete take it again (S2)', async () => {
      const { syncGateway, engine } = await openTestProvider()
      await pushAs(syncGateway, ada, WORKSPACE, op({ clock: 1 }), op({ operation: 'delete', clock: 2 }), op({ clock: 3 }))
      expect(await count(engine, 'tombstones')).toBe(0)
      expect(await count(engine, 's_messages')).toBe(1)
      await pushAs(syncGateway, ada, WORKSPACE, op({ operation: 'delete', clock: 4 }))
      await pushAs(syncGateway, ada, WORKSPACE, op({ operation: 'delete', clock: 5 }))
      expect(await count(engine, 'tombstones')).toBe(1)
      expect(await count(engine, 's_messages')).toBe(0)
    })

    it('counts a put whose payload says deleted as a delete (S7)', async () => {
      const { syncGateway, engine } = await openTestProvider()
      await pushAs(syncGateway, ada, WORKSPACE, op({ clock: 1 }))
      const soft = op({ clock: 2, payload: { id: 'm1', text: 'in the bin', deleted: true } })
      expect((await pushAs(syncGateway, ada, WORKSPACE, soft)).results[0]).toMatchObject({ applied: true })
      expect(await count(engine, 's_messages')).toBe(0)
      const { results } = await pushAs(syncGateway, ada, WORKSPACE, op({ clock: 1 }))
      expect(results[0]).toMatchObject({ applied: false, payload: { text: 'in the bin', deleted: true } })
      const { changes } = await pullAll(syncGateway, ada, WORKSPACE)
      expect(changes[1]).toMatchObject({ op: 'put', payload: soft.payload })
    })
  })

  describe('notifications', () => {
    const put = (owner: string | undefined, input = {}) => op({ table: 'notifications', pk: 'n1', payload: { id: 'n1', title: 'hi', ...owner ? { user_id: owner } : {} }, ...input })

    it('belong to the session user and are seen by nobody else (S8)', async () => {
      const { syncGateway } = await openTestProvider()
      await pushAs(syncGateway, ada, WORKSPACE, put(undefined), op({ table: 'notifications', pk: 'n1', operation: 'delete', clock: 2 }))
      const own = await pullAll(syncGateway, ada, WORKSPACE)
      expect(own.changes.map(change => [change.op, change.payload?.user_id])).toEqual([['put', 'ada'], ['delete', undefined]])
      const others = await pullAll(syncGateway, grace, WORKSPACE)
      expect(others).toEqual({ changes: [], cursor: 2 })
      expect((await pullAll(syncGateway, {}, WORKSPACE)).changes).toEqual([])
    })

    it('cannot be written without a session or in somebody else\'s name', async () => {
      const { syncGateway } = await openTestProvider()
      const nobody = await pushAs(syncGateway, {}, WORKSPACE, put('ada'))
      expect(nobody.results[0]).toMatchObject({ success: false, errorCode: 'UNAUTHORIZED', error: 'Unauthorized: notification writes require a session user' })
      const forged = await pushAs(syncGateway, ada, WORKSPACE, put('grace'))
      expect(forged.results[0]).toMatchObject({ success: false, errorCode: 'UNAUTHORIZED', error: 'Forbidden: notification owner mismatch' })
    })

    it('cannot be overwritten or deleted by another member, live or deleted (S9)', async () => {
      const { syncGateway } = await openTestProvider()
      await pushAs(syncGateway, ada, WORKSPACE, put('ada'))
      const overwrite = put('grace', { clock: 9 })
      const remove = op({ table: 'notifications', pk: 'n1', operation: 'delete', clock: 9 })
      for (const attempt of [overwrite, remove]) {
        const { results, serverVersion } = await pushAs(syncGateway, grace, WORKSPACE, attempt)
        expect(results[0]).toEqual({ opId: attempt.stamp.opId, success: false, error: 'Forbidden: notification owner mismatch', errorCode: 'UNAUTHORIZED' })
        expect(serverVersion).toBe(1)
      }
      await pushAs(syncGateway, ada, WORKSPACE, op({ table: 'notifications', pk: 'n1', operation: 'delete', clock: 2 }))
      expect((await pushAs(syncGateway, grace, WORKSPACE, put('grace', { clock: 10 }))).results[0]).toMatchObject({ errorCode: 'UNAUTHORIZED' })
    })

    it('recognise the retry of a delete, and accept one of a row that never came (S10, S11)', async () => {
      const { syncGateway } = await openTestProvider()
      const remove = op({ table: 'notifications', pk: 'n7', operation: 'delete', clock: 1 })
      const first = await pushAs(syncGateway, ada, WORKSPACE, remove)
      expect(first.results[0]).toMatchObject({ success: true, applied: true })
      expect((await pushAs(syncGateway, ada, WORKSPACE, remove)).results).toEqual([{ ...first.results[0], replayed: true }])
    })
  })

  it('ends in the same state whatever the order of arrival', async () => {
    const ops = [
      op({ clock: 1 }), op({ clock: 2, hlc: 'a' }), op({ clock: 2, hlc: 'b' }), op({ operation: 'delete', clock: 3 }),
      op({ clock: 3, hlc: hlcAt(Date.UTC(2026, 6, 2)) }), op({ operation: 'delete', clock: 2, pk: 'm2' }), op({ pk: 'm2', clock: 1 }),
    ]
    const states = []
    for (const order of [ops, [...ops].reverse(), [...ops.slice(3), ...ops.slice(0, 3)]]) {
      for (const size of [1, 3, ops.length]) {
        const { syncGateway } = await openTestProvider()
        for (let start = 0; start < order.length; start += size) await pushAs(syncGateway, ada, WORKSPACE, ...order.slice(start, start + size))
        states.push([...foldChanges((await pullAll(syncGateway, ada, WORKSPACE)).changes)])
        const { results } = await pushAs(syncGateway, ada, WORKSPACE, ...ops)
        expect(results.map(result => result.applied)).toEqual([false, false, false, false, true, true, false])
      }
    }
    for (const state of states) expect(state).toEqual([['messages/m1', ops[4]?.payload]])
  })

  it('writes nothing of a batch that fails half way', async () => {
    const { syncGateway, engine } = await openTestProvider()
    await pushAs(syncGateway, ada, WORKSPACE, op())
    await engine.batch([{ sql: 'CREATE TRIGGER fail BEFORE INSERT ON tombstones BEGIN SELECT RAISE(ABORT, \'no\'); END', parameters: [] }])
    await expect(pushAs(syncGateway, ada, WORKSPACE, op({ pk: 'm2' }), op({ operation: 'delete', clock: 2 }))).rejects.toMatchObject({ statusCode: 500 })
    expect((await pullAll(syncGateway, ada, WORKSPACE)).changes).toHaveLength(1)
    expect(await count(engine, 's_messages')).toBe(1)
  })
})
