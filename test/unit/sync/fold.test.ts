import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { foldBatch } from '../../../src/runtime/server/sync/fold'
import { op } from '../../support/ops'

const context = { workspaceId: 'ws', userId: 'ada', nowMs: Date.UTC(2026, 7, 1), latestMs: Date.UTC(2026, 7, 1), bounds: { maxClock: 1e13, maxAheadMs: 1e10 } }

describe('foldBatch', () => {
  it('lets a bad op stop nobody else (S12)', () => {
    const [good, bad, last] = [op(), op({ table: 'users' }), op({ pk: 'm2' })]
    const batch = foldBatch([good, bad, last], context)
    expect(batch.ops.map(({ opId }) => opId)).toEqual([good.stamp.opId, last.stamp.opId])
    expect([...batch.faults.keys()]).toEqual([bad.stamp.opId])
    expect(batch.opIds).toEqual([good, bad, last].map(({ stamp }) => stamp.opId))
  })

  it('counts the same op once, whatever the order of its keys', () => {
    const first = op({ payload: { id: 'm1', a: { x: 1, y: 2 } } })
    const again = { ...first, payload: { a: { y: 2, x: 1 }, id: 'm1' } }
    const batch = foldBatch([first, again, first], context)
    expect(batch.ops).toHaveLength(1)
    expect(batch.faults.size).toBe(0)
    expect(batch.opIds).toEqual([first.stamp.opId])
  })

  it('refuses every op under an id that two different ones share', () => {
    const opId = randomUUID()
    const batch = foldBatch([op({ opId }), op({ opId, clock: 2 }), op({ opId })], context)
    expect(batch.ops).toEqual([])
    expect(batch.faults.get(opId)).toEqual({ error: `Conflicting operations reuse op_id ${opId}`, errorCode: 'CONFLICT' })
  })

  it('refuses a good and a bad op under one id, in either order', () => {
    const opId = randomUUID()
    for (const ops of [[op({ opId }), op({ opId, table: 'users' })], [op({ opId, table: 'users' }), op({ opId })]]) {
      const batch = foldBatch(ops, context)
      expect(batch.ops).toEqual([])
      expect(batch.faults.get(opId)?.errorCode).toBe('CONFLICT')
    }
  })

  it('keeps the first fault of an op that is bad twice', () => {
    const bad = op({ table: 'users' })
    expect(foldBatch([bad, bad], context).faults.get(bad.stamp.opId)?.errorCode).toBe('VALIDATION_ERROR')
  })
})
