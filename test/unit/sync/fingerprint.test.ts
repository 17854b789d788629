import { describe, expect, it } from 'vitest'
import { fingerprint, sameContent } from '../../../src/runtime/server/sync/fingerprint'

const content = { table: 'messages', operation: 'put', pk: 'm1', payloadJson: '{"id":"m1","a":{"x":1,"y":[{"p":1,"q":2}]}}', clock: 1, hlc: 'h', deviceId: 'd' }
const reordered = { ...content, payloadJson: '{"a":{"y":[{"q":2,"p":1}],"x":1},"id":"m1"}' }
const others = [
  { ...content, table: 'posts' }, { ...content, operation: 'delete' }, { ...content, pk: 'm2' }, { ...content, clock: 2 }, { ...content, hlc: 'i' },
  { ...content, deviceId: 'e' }, { ...content, payloadJson: null }, { ...content, payloadJson: '{"id":"m1","a":{"x":1,"y":[{"p":1,"q":3}]}}' },
  { ...content, payloadJson: '{"id":"m1","a":{"x":1,"y":[{"p":1,"q":"2"}]}}' },
]

describe('the identity of an op', () => {
  it('ignores the order of keys, at every depth', () => {
    expect(sameContent(content, reordered)).toBe(true)
    expect(Buffer.compare(fingerprint(content), fingerprint(reordered))).toBe(0)
  })

  it('sees every other difference', () => {
    for (const other of others) {
      expect(sameContent(content, other)).toBe(false)
      expect(Buffer.compare(fingerprint(content), fingerprint(other))).not.toBe(0)
    }
  })

  it('cannot be confused by where one field ends and the next begins', () => {
    expect(Buffer.compare(fingerprint({ ...content, table: 'a', operation: 'bc' }), fingerprint({ ...content, table: 'ab', operation: 'c' }))).not.toBe(0)
  })

  it('keeps the order of lists', () => {
    expect(sameContent({ ...content, payloadJson: '[1,2]' }, { ...content, payloadJson: '[2,1]' })).toBe(false)
  })
})
