import { describe, expect, it } from 'vitest'
import { VERSION_MARGIN, versionsToSkip } from '../../src/runtime/server/database/high-water'

const found = { total: 100, boot: 'b2', flushed: false }

describe('versionsToSkip', () => {
  it('skips nothing where there is no record', () => expect(versionsToSkip(undefined, found)).toBe(0))

  it('skips nothing after an end in order, whatever the boot', () => {
    expect(versionsToSkip({ total: 100, boot: 'b1', clean: true }, found)).toBe(0)
    expect(versionsToSkip({ total: 90, boot: 'b1', clean: true }, found)).toBe(0)
  })

  it('skips nothing after a crash of the process: what it wrote is still there', () => {
    expect(versionsToSkip({ total: 95, boot: 'b2', clean: false }, found)).toBe(0)
  })

  it('skips the margin when the machine went down before the tail was flushed (F2)', () => {
    expect(versionsToSkip({ total: 100, boot: 'b1', clean: false }, found)).toBe(VERSION_MARGIN)
    expect(versionsToSkip({ total: 100, boot: 'b1', clean: false }, { ...found, flushed: true })).toBe(0)
  })

  it('skips what is known to be missing and the margin when the file is an older copy (F1)', () => {
    expect(versionsToSkip({ total: 130, boot: 'b1', clean: true }, found)).toBe(30 + VERSION_MARGIN)
    expect(versionsToSkip({ total: 130, boot: 'b2', clean: false }, { ...found, flushed: true })).toBe(30 + VERSION_MARGIN)
  })
})
