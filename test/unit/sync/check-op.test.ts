import { describe, expect, it } from 'vitest'
import type { CheckedOp } from '../../../src/runtime/server/sync/check-op'
import { checkOp, hlcTime, isFault } from '../../../src/runtime/server/sync/check-op'
import { hlcAt, op } from '../../support/ops'

const NOW = Date.UTC(2026, 7, 1)
const context = { workspaceId: 'ws', userId: 'ada', nowMs: NOW, latestMs: NOW, bounds: { maxClock: 1000, maxAheadMs: 86_400_000 } }
const check = (input: unknown) => checkOp(input, 3, context)

describe('checkOp', () => {
  it('accepts an op and keeps its payload as JSON', () => {
    const input = op({ payload: { id: 'm1', text: 'hi', unknown_field: [1] } })
    expect(check(input)).toEqual({
      opId: input.stamp.opId, table: 'messages', operation: 'put', pk: 'm1', payloadJson: '{"id":"m1","text":"hi","unknown_field":[1]}',
      deleted: false, clock: 1, hlc: input.stamp.hlc, deviceId: 'device-a', ownerUserId: null,
    })
  })

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'Invalid stamp: opId must be a UUID'],
    ['a text', 'op', 'Invalid stamp: opId must be a UUID'],
    ['an op id that is no UUID', op({ opId: 'abc' }), 'Invalid stamp: opId must be a UUID'],
    ['an unknown table', op({ table: 'users' }), 'Invalid table: users'],
    ['a table named like a property', op({ table: '__proto__' }), 'Invalid table: __proto__'],
    ['a table that is no text', { ...op(), tableName: 7 }, 'Invalid table: number'],
    ['an unknown operation', { ...op(), operation: 'patch' }, 'Invalid operation for messages: must be put or delete'],
    ['an empty pk', op({ pk: '', payload: {} }), 'Invalid pk for messages: must be 1 to 1024 bytes of valid text'],
    ['a pk that is too long', op({ pk: 'x'.repeat(1025) }), 'Invalid pk for messages: must be 1 to 1024 bytes of valid text'],
    ['a pk of too many bytes', op({ pk: '中'.repeat(342) }), 'Invalid pk for messages: must be 1 to 1024 bytes of valid text'],
    ['a pk with half a character', op({ pk: '\uD800' }), 'Invalid pk for messages: must be 1 to 1024 bytes of valid text'],
    ['a pk with NUL', op({ pk: 'a\0b' }), 'Invalid pk for messages: must be 1 to 1024 bytes of valid text'],
    ['a negative clock', op({ clock: -1 }), 'Invalid stamp for messages: clock must be an integer of at least 0'],
    ['a fractional clock', op({ clock: 1.5 }), 'Invalid stamp for messages: clock must be an integer of at least 0'],
    ['a clock beyond what JavaScript counts', op({ clock: 2 ** 53 }), 'Invalid stamp for messages: clock must be an integer of at least 0'],
    ['a clock as text', { ...op(), stamp: { ...op().stamp, clock: '1' } }, 'Invalid stamp for messages: clock must be an integer of at least 0'],
    ['a poisoned clock (F13)', op({ clock: 1001 }), 'Invalid stamp for messages: clock must not exceed 1000; a record\'s clock counts its edits'],
    ['an empty hlc', op({ hlc: '' }), 'Invalid stamp for messages: hlc must be 1 to 512 characters of valid text'],
    ['an hlc that is too long', op({ hlc: 'h'.repeat(513) }), 'Invalid stamp for messages: hlc must be 1 to 512 characters of valid text'],
    ['an hlc in the far future (F13)', op({ hlc: hlcAt(NOW + 2 * 86_400_000) }), 'Invalid stamp for messages: hlc is 2 days ahead of the server, more than the 1 allowed; check the date and time of this device'],
    ['a blank device id', op({ deviceId: '  ' }), 'Invalid stamp for messages: deviceId must be 1 to 256 characters and not blank'],
    ['a device id that is too long', op({ deviceId: 'd'.repeat(257) }), 'Invalid stamp for messages: deviceId must be 1 to 256 characters and not blank'],
    ['a put without payload (S23)', op({ payload: undefined }), 'Invalid payload for messages: a put needs a payload'],
    ['a payload that is null', op({ payload: null }), 'Invalid payload for messages: must be an object'],
    ['a payload that is a list', op({ payload: [] }), 'Invalid payload for messages: must be an object'],
    ['a payload with _id', op({ payload: { id: 'm1', _id: 1 } }), 'Invalid payload for messages: _id is not allowed'],
    ['a payload of another workspace', op({ payload: { id: 'm1', workspace_id: 'other' } }), 'Invalid payload for messages: workspace_id must be the workspace of the push'],
    ['a payload of another row', op({ payload: { id: 'm2' } }), 'Invalid payload for messages: id must equal pk'],
    ['a file payload of another hash', op({ table: 'file_meta', pk: 'h1', payload: { hash: 'h2' } }), 'Invalid payload for file_meta: hash must equal pk'],
    ['a payload that is too large', op({ payload: { id: 'm1', text: 'é'.repeat(131_100) } }), 'Payload too large for messages: exceeds 262144 bytes'],
    ['a payload no JSON can say', op({ payload: { id: 'm1', big: 1n } }), 'Invalid payload for messages: must be JSON of at most 200 nested levels'],
    ['a payload nested a little too deeply', op({ payload: { id: 'm1', deep: nested(200) } }), 'Invalid payload for messages: must be JSON of at most 200 nested levels'],
    ['a payload nested too deeply', op({ payload: { id: 'm1', deep: nested(100_000) } }), 'Invalid payload for messages: must be JSON of at most 200 nested levels'],
  ])('refuses %s', (_what, input, error) => {
    expect(check(input)).toMatchObject({ error, errorCode: 'VALIDATION_ERROR' })
  })

  it('takes what is just within the limits', () => {
    const largest = { id: 'm1', text: 'x'.repeat(262_144 - '{"id":"m1","text":""}'.length) }
    for (const input of [
      op({ pk: 'x'.repeat(1024) }), op({ clock: 1000 }), op({ clock: 0 }), op({ hlc: 'h'.repeat(512) }), op({ deviceId: 'd'.repeat(256) }),
      op({ hlc: hlcAt(NOW + 86_400_000) }), op({ payload: largest }), op({ payload: { workspace_id: 'ws' } }), op({ payload: Object.create(null) }), op({ payload: { id: 'm1', deep: nested(199) } }),
    ]) expect(check(input)).not.toHaveProperty('error')
  })

  it('names an op without a usable id by its place', () => {
    expect(check({})).toMatchObject({ opId: 'invalid-op-3' })
    expect(check({ stamp: { opId: 'short' } })).toMatchObject({ opId: 'short' })
  })

  it('treats an hlc it does not know as opaque', () => {
    expect(hlcTime('1000-0-a')).toBeUndefined()
    expect(hlcTime(hlcAt(NOW))).toBe(NOW)
    expect(isFault(check(op({ hlc: 'zzzz-far-future' })))).toBe(false)
  })

  it('gives notifications their owner and nobody else\'s', () => {
    const put = checkOp(op({ table: 'notifications', payload: { id: 'm1' } }), 0, context) as CheckedOp
    expect(put).toMatchObject({ ownerUserId: 'ada', payloadJson: '{"id":"m1","user_id":"ada"}' })
    expect(checkOp(op({ table: 'notifications', payload: { id: 'm1', user_id: 'grace' } }), 0, context)).toMatchObject({ errorCode: 'UNAUTHORIZED' })
    expect(checkOp(op({ table: 'notifications' }), 0, { ...context, userId: undefined })).toMatchObject({ errorCode: 'UNAUTHORIZED' })
    expect(checkOp(op({ table: 'notifications', operation: 'delete' }), 0, context)).toMatchObject({ ownerUserId: 'ada', deleted: true })
  })

  it('marks what removes a row (S7)', () => {
    expect(check(op({ operation: 'delete', payload: undefined }))).toMatchObject({ deleted: true, payloadJson: null })
    expect(check(op({ payload: { deleted: true } }))).toMatchObject({ deleted: true, operation: 'put' })
    expect(check(op({ payload: { deleted: 'true' } }))).toMatchObject({ deleted: false })
  })

  it('does not let a payload reach a prototype', () => {
    const checked = check({ ...op(), payload: JSON.parse('{"id":"m1","__proto__":{"polluted":true}}') as object }) as CheckedOp
    expect(checked.payloadJson).toBe('{"id":"m1","__proto__":{"polluted":true}}')
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

function nested(depth: number): unknown {
  let value: unknown = 0
  for (let level = 0; level < depth; level++) value = [value]
  return value
}
