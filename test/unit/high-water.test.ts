import { describe, expect, it } from 'vitest'
import { judgeLoss, VERSION_MARGIN } from '../../src/runtime/server/database/high-water'

const found = { total: 100, boot: 'b2' }
const record = { total: 100, boot: 'b1', clean: false, flushed: false }

describe('judgeLoss', () => {
  it('suspects nothing where there is no record', () => expect(judgeLoss(undefined, found)).toBeUndefined())

  it('suspects nothing after an end in order, whatever the boot', () => {
    expect(judgeLoss({ ...record, clean: true }, found)).toBeUndefined()
    expect(judgeLoss({ ...record, clean: true, total: 90 }, found)).toBeUndefined()
  })

  it('suspects nothing after a crash of the process: what it wrote is still there', () => {
    expect(judgeLoss({ ...record, boot: 'b2', total: 95 }, found)).toBeUndefined()
  })

  it('skips the margin when the machine went down before the tail was flushed (F2), as it was set then', () => {
    expect(judgeLoss(record, found)).toMatchObject({ versions: VERSION_MARGIN, reason: expect.stringContaining('may be lost') })
    expect(judgeLoss({ ...record, flushed: true }, found)).toBeUndefined()
  })

  it('skips what is known to be missing and the margin when the file is an older copy (F1)', () => {
    for (const older of [{ ...record, total: 130, clean: true }, { ...record, total: 130, flushed: true, boot: 'b2' }]) {
      expect(judgeLoss(older, found)).toMatchObject({ versions: 30 + VERSION_MARGIN, reason: expect.stringContaining('older than it was') })
    }
  })
})
