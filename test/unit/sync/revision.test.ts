import { describe, expect, it } from 'vitest'
import { fromByteOrder, toByteOrder } from '../../../src/runtime/server/byte-order'
import { compareRevision } from '../../../src/runtime/server/sync/revision'

const base = { clock: 2, hlc: 'm', opId: 'm' }

describe('compareRevision', () => {
  it.each([
    ['clock before all', { clock: 3, hlc: 'a', opId: 'a' }, 1],
    ['hlc at equal clocks', { clock: 2, hlc: 'n', opId: 'a' }, 1],
    ['op id at equal clocks and hlcs', { clock: 2, hlc: 'm', opId: 'n' }, 1],
    ['nothing at equal revisions', base, 0],
    ['a lower clock', { clock: 1, hlc: 'z', opId: 'z' }, -1],
    ['a numeric clock, not its digits', { clock: 10, hlc: 'm', opId: 'm' }, 1],
  ])('decides by %s', (_by, other, expected) => {
    expect(compareRevision(other, base)).toBe(expected)
    expect(compareRevision(base, other)).toBe(expected === 0 ? 0 : -expected)
  })
})

describe('toByteOrder', () => {
  const texts = ['', 'a', 'ab', '\u007F', 'é', '\u0800', '\uD7FF', '\u{10000}', '\u{1F600}', '\u{1F600}a', '\u{10FFFF}', '\uE000', '\uFF5E', '\uFFFF', 'a\u{1F600}', 'a\uFFFD']

  it('makes byte order out of the order of UTF-16 units, for every pair', () => {
    for (const left of texts) {
      for (const right of texts) {
        const bytes = Buffer.compare(Buffer.from(toByteOrder(left)), Buffer.from(toByteOrder(right)))
        expect(bytes, `${left} ~ ${right}`).toBe(left < right ? -1 : left > right ? 1 : 0)
      }
    }
  })

  it('can be undone and leaves ordinary text as it is', () => {
    for (const text of texts) expect(fromByteOrder(toByteOrder(text))).toBe(text)
    expect(toByteOrder('01k2f3abc:00z:device-a')).toBe('01k2f3abc:00z:device-a')
  })
})
