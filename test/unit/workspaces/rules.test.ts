import { describe, expect, it } from 'vitest'
import { checkId, checkIdentity, checkWorkspace, normalizeDisplayName, normalizeEmail } from '../../../src/runtime/server/workspaces/rules'

describe('workspace rules', () => {
  it('name the field and the limit', () => {
    expect(checkWorkspace({ name: ' ' })).toBe('Workspace name is required')
    expect(checkWorkspace({ name: 'x'.repeat(101) })).toBe('Workspace name must be at most 100 characters of valid text')
    expect(checkWorkspace({ name: 'ok', description: 'x'.repeat(1001) })).toBe('Description must be at most 1000 characters of valid text')
    expect(checkWorkspace({ name: 'x'.repeat(100), description: 'x'.repeat(1000) })).toBeUndefined()
    expect(checkWorkspace({ name: 'ok', description: null })).toBeUndefined()
    expect(checkWorkspace({ name: 'a\0b' })).toBeDefined()
    expect(checkId('userId', '')).toBe('userId must be 1 to 512 characters of valid text')
    expect(checkIdentity({ provider: 'p', providerUserId: 7 })).toBe('providerUserId must be 1 to 512 characters of valid text')
  })

  it('bring profiles into one form, and never stop a sign-in (A7)', () => {
    expect(normalizeEmail('  Ada@Example.TEST ')).toBe('ada@example.test')
    expect([normalizeEmail(''), normalizeEmail('  '), normalizeEmail(undefined), normalizeEmail('x'.repeat(400)), normalizeEmail(7)]).toEqual([null, null, null, null, null])
    expect(normalizeDisplayName(' Ada ')).toBe('Ada')
  })
})
