import { describe, expect, it } from 'vitest'
import { fingerprint } from '../../../src/runtime/server/sync/fingerprint'
import { foldBatch } from '../../../src/runtime/server/sync/fold'
import type { CurrentState, EarlierOp } from '../../../src/runtime/server/sync/outcome'
import { appliedOps, outcome } from '../../../src/runtime/server/sync/outcome'
import { op } from '../../support/ops'

const context = { workspaceId: 'ws', userId: 'ada', nowMs: Date.UTC(2026, 7, 1), latestMs: Date.UTC(2026, 7, 1), bounds: { maxClock: 1e13, maxAheadMs: 1e10 } }
const input = op()
const { opId } = input.stamp
const batch = foldBatch([input], context)

interface State {
  version?: number
  earlier?: EarlierOp
  current?: CurrentState
}

function written({ version, earlier, current }: State) {
  return {
    serverVersion: 9,
    newVersions: new Map(version === undefined ? [] : [[opId, version]]),
    earlier: new Map(earlier ? [[opId, earlier]] : []),
    current: () => current,
  }
}

const told = (state: State) => outcome(batch, written(state)).results[0]
const stateOf = (id: string, payloadJson: string | null, deletedAt?: number): CurrentState =>
  ({ revision: { clock: 5, hlc: 'h', opId: id }, payloadJson, deletedAt, createdVersion: deletedAt === undefined ? 1 : undefined })

const own = stateOf(opId, null)
const revision = { clock: 5, hlc: 'h', opId: 'other' }
const content = { table: 'messages', operation: 'put', pk: 'm1', payloadJson: JSON.stringify(input.payload), clock: 1, hlc: input.stamp.hlc, deviceId: 'device-a' }

describe('outcome', () => {
  it('says applied only of what is the state now', () => {
    expect(told({ version: 9, current: own })).toEqual({ opId, success: true, serverVersion: 9, applied: true })
    expect(told({ version: 9, current: stateOf('other', '{"id":"m1","text":"theirs"}') })).toEqual({
      opId, success: true, serverVersion: 9, applied: false, payload: { id: 'm1', text: 'theirs' },
      winner: { kind: 'put', payload: { id: 'm1', text: 'theirs' }, revision },
    })
  })

  it('gives a deleted winner the shape of a record (S6)', () => {
    expect(told({ version: 9, current: stateOf('other', null, 77) })).toMatchObject({
      payload: { id: 'm1', deleted: true, deleted_at: 77 },
      winner: { kind: 'delete', revision, serverDeletedAt: 77 },
    })
    expect(told({ version: 9, current: stateOf('other', '{"id":"m1","deleted_at":5}', 77) })?.payload).toEqual({ id: 'm1', deleted: true, deleted_at: 5 })
  })

  it('recognises a retry by the log or by its receipt, and answers its first version', () => {
    const expected = { opId, success: true, serverVersion: 4, applied: true, replayed: true }
    expect(told({ earlier: { serverVersion: 4, content, fingerprint: undefined }, current: own })).toEqual(expected)
    expect(told({ earlier: { serverVersion: 4, content: undefined, fingerprint: fingerprint(content) }, current: own })).toEqual(expected)
  })

  it('refuses another op under a known id', () => {
    const other = { ...content, clock: 2 }
    for (const earlier of [{ serverVersion: 4, content: other, fingerprint: undefined }, { serverVersion: 4, content: undefined, fingerprint: fingerprint(other) }]) {
      expect(told({ earlier, current: own })).toEqual({ opId, success: false, error: `Conflicting operation reuses processed op_id ${opId}`, errorCode: 'CONFLICT' })
    }
  })

  it('takes an op that was neither written nor known for one that may not be written', () => {
    expect(told({})).toMatchObject({ success: false, errorCode: 'UNAUTHORIZED' })
  })

  it('names what an applied op did, and nothing for a retry or a loser', () => {
    const changes = (state: State) => appliedOps(batch, written(state)).map(({ change }) => change)
    expect(changes({ version: 9, current: { ...own, createdVersion: 9 } })).toEqual(['create'])
    expect(changes({ version: 9, current: { ...own, createdVersion: 8 } })).toEqual(['update'])
    expect(changes({ version: 9, current: stateOf(opId, null, 77) })).toEqual(['delete'])
    expect(changes({ version: 9, current: stateOf('other', '{}') })).toEqual([])
    expect(changes({ earlier: { serverVersion: 4, content, fingerprint: undefined }, current: own })).toEqual([])
  })
})
