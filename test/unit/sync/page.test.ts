import { describe, expect, it } from 'vitest'
import { checkCursor } from '../../../src/runtime/server/sync/cursor'
import { clampLimit, isVisible, oldestRetainedVersion, requiresSnapshot, tableFilter } from '../../../src/runtime/server/sync/page'
import { isPrivate, isSyncedTable, pkField, SYNCED_TABLES } from '../../../src/runtime/server/sync/tables'

describe('the rules of a page', () => {
  it.each([[undefined, 100], [0, 1], [-5, 1], [1, 1], [300, 300], [1000, 1000], [1001, 1000], [2.9, 2], [Number.NaN, 100], [Number.POSITIVE_INFINITY, 1000], ['50', 100]])('a limit of %s is %s', (limit, rows) => {
    expect(clampLimit(limit)).toBe(rows)
  })

  it('filters by known tables only (S26), and not at all by all of them', () => {
    expect(tableFilter(undefined)).toBeUndefined()
    expect(tableFilter([...SYNCED_TABLES])).toBeUndefined()
    expect(tableFilter(['messages', 'users', 'x; DROP TABLE users'])).toEqual(['messages'])
    expect(tableFilter(['nothing'])).toEqual([])
  })

  it('asks for a snapshot below the floor and ahead of the counter (S15), and nowhere between', () => {
    const counter = { value: 10, logFloor: 4 }
    expect([0, 3, 4, 10, 11].map(cursor => requiresSnapshot(cursor, counter))).toEqual([true, true, false, false, true])
    expect(requiresSnapshot(0, { value: 0, logFloor: 0 })).toBe(false)
    expect(requiresSnapshot(1, { value: 0, logFloor: 0 })).toBe(true)
    expect([oldestRetainedVersion(0), oldestRetainedVersion(4)]).toEqual([0, 5])
  })

  it('shows a private change to its owner alone', () => {
    expect([isVisible(null, undefined), isVisible('ada', 'ada'), isVisible('ada', 'grace'), isVisible('ada', undefined)]).toEqual([true, true, false, false])
  })
})

describe('the synced tables', () => {
  it('are the seven of the contract', () => {
    expect(SYNCED_TABLES).toHaveLength(7)
    expect([isSyncedTable('kv'), isSyncedTable('users'), isSyncedTable('constructor'), isSyncedTable(1)]).toEqual([true, false, false, false])
    expect(SYNCED_TABLES.filter(isPrivate)).toEqual(['notifications'])
    expect(SYNCED_TABLES.filter(table => pkField(table) === 'hash')).toEqual(['file_meta'])
  })
})

describe('checkCursor', () => {
  it.each<[unknown, unknown]>([['', 1], ['  ', 1], ['d'.repeat(257), 1], [7, 1], ['d\0', 1], ['\uD800', 1], ['d', -1], ['d', 1.5], ['d', 2 ** 53], ['d', '1'], ['d', undefined]])('refuses device %j at version %j', (deviceId, version) => {
    expect(checkCursor(deviceId, version)).toBeUndefined()
  })

  it('trims the device', () => {
    expect(checkCursor(' d ', 0)).toEqual({ deviceId: 'd', version: 0 })
  })
})
