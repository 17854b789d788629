import { describe, expect, it } from 'vitest'
import { fingerprint } from '../../../src/runtime/server/sync/fingerprint'
import { foldBatch } from '../../../src/runtime/server/sync/fold'
import type { EarlierOp, Winner } from '../../../src/runtime/server/sync/outcome'
import { outcome } from '../../../src/runtime/server/sync/outcome'
import { op } from '../../support/ops'

const context = { workspaceId: 'ws', userId: 'ada', nowMs: Date.UTC(2026, 7, 1), bounds: { maxClock: 1e13, maxAheadMs: 1e10 } }
const input = op()
const { opId } = input.stamp
const batch = foldBatch([input], context)

function told(state: { version?: number, earlier?: EarlierOp, winner?: Winner }) {
  return outcome(batch, {
    serverVersion: 9,
    newVersions: new Map(state.version === undefined ? [] : [[opId, state.version]]),
    earlier: new Map(state.earlier ? [[opId, state.earlier]] : []),
    winner: () => state.winner,
  }).results[0]
}

const own = { opId, payloadJson: null, deletedAt: undefined }
const content = { table: 'messages', operation: 'put', pk: 'm1', payloadJson: JSON.stringify(input.payload), clock: 1, hlc: input.stamp.hlc, deviceId: 'device-a' }

describe('outcome', () => {
  it('says applied only of what is the state now', () => {
    expect(told({ version: 9, winner: own })).toEqual({ opId, success: true, serverVersion: 9, applied: true })
    expect(told({ version: 9, winner: { opId: 'other', payloadJson: '{"id":"m1","text":"theirs"}', deletedAt: undefined } }))
      .toEqual({ opId, success: true, serverVersion: 9, applied: false, payload: { id: 'm1', text: 'theirs' } })
  })

  it('gives a deleted winner the shape of a record (S6)', () => {
    expect(told({ version: 9, winner: { opId: 'other', payloadJson: null, deletedAt: 77 } })?.payload).toEqual({ id: 'm1', deleted: true, deleted_at: 77 })
    expect(told({ version: 9, winner: { opId: 'other', payloadJson: '{"id":"m1","deleted_at":5}', deletedAt: 77 } })?.payload).toEqual({ id: 'm1', deleted: true, deleted_at: 5 })
  })

  it('recognises a retry by the log or by its receipt, and answers its first version', () => {
    const expected = { opId, success: true, serverVersion: 4, applied: true }
    expect(told({ earlier: { serverVersion: 4, content, fingerprint: undefined }, winner: own })).toEqual(expected)
    expect(told({ earlier: { serverVersion: 4, content: undefined, fingerprint: fingerprint(content) }, winner: own })).toEqual(expected)
  })

  it('refuses another op under a known id', () => {
    const other = { ...content, clock: 2 }
    for (const earlier of [{ serverVersion: 4, content: other, fingerprint: undefined }, { serverVersion: 4, content: undefined, fingerprint: fingerprint(other) }]) {
      expect(told({ earlier, winner: own })).toEqual({ opId, success: false, error: `Conflicting operation reuses processed op_id ${opId}`, errorCode: 'CONFLICT' })
    }
  })

  it('takes an op that was neither written nor known for one that may not be written', () => {
    expect(told({})).toMatchObject({ success: false, errorCode: 'UNAUTHORIZED' })
  })
})
