import { describe, expect, it } from 'vitest'
import { selectRoles } from '../../src/runtime/server/host/roles'

const on = { auth: { enabled: true }, sync: { enabled: true, provider: 'sqlite' } }
const elsewhere = { auth: { enabled: true }, sync: { enabled: true, provider: 'convex' } }
const all = { any: true, workspaces: true, syncGateway: true, connect: false }
const nothing = { any: false, workspaces: false, syncGateway: false, connect: false }

describe('selectRoles', () => {
  it.each([
    ['everything', on, all],
    ['auth off', { ...on, auth: { enabled: false }, connect: { enabled: true, provider: 'sqlite' } }, nothing],
    ['no auth at all', { sync: on.sync }, nothing],
    ['sync off (A13)', { ...on, sync: { enabled: false, provider: 'sqlite' } }, { ...all, syncGateway: false }],
    ['another provider', elsewhere, nothing],
    ['a provider named in public only', { auth: on.auth, sync: { enabled: true }, public: { sync: { provider: 'sqlite' } } }, all],
    ['flags as text', { auth: { enabled: 'true' }, sync: { enabled: 'false', provider: 'sqlite' } }, { ...all, syncGateway: false }],
    ['Connect alone', { ...elsewhere, connect: { enabled: true, provider: 'sqlite' } }, { ...nothing, any: true, connect: true }],
    ['Connect off', { ...on, connect: { enabled: false, provider: 'sqlite' } }, all],
    ['Connect with another provider', { ...on, connect: { enabled: true, provider: 'convex' } }, all],
    ['background jobs alone', { ...elsewhere, backgroundJobs: { enabled: true, storageProvider: 'sqlite' } }, { ...nothing, any: true }],
    ['background jobs off', { ...elsewhere, backgroundJobs: { enabled: false, storageProvider: 'sqlite' } }, nothing],
  ])('%s', (_what, config, roles) => {
    expect(selectRoles(config)).toEqual(roles)
  })
})
