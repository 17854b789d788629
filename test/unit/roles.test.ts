import { describe, expect, it } from 'vitest'
import { selectRoles } from '../../src/runtime/server/host/roles'

const on = { auth: { enabled: true }, sync: { enabled: true, provider: 'sqlite' } }

describe('selectRoles', () => {
  it.each([
    ['everything', on, true, true],
    ['auth off', { ...on, auth: { enabled: false } }, false, false],
    ['no auth at all', { sync: on.sync }, false, false],
    ['sync off (A13)', { ...on, sync: { enabled: false, provider: 'sqlite' } }, true, false],
    ['another provider', { ...on, sync: { enabled: true, provider: 'convex' } }, false, false],
    ['a provider named in public only', { auth: on.auth, sync: { enabled: true }, public: { sync: { provider: 'sqlite' } } }, true, true],
    ['flags as text', { auth: { enabled: 'true' }, sync: { enabled: 'false', provider: 'sqlite' } }, true, false],
  ])('%s', (_what, config, workspaceStore, syncGateway) => {
    expect(selectRoles(config)).toEqual({ workspaceStore, syncGateway })
  })
})
