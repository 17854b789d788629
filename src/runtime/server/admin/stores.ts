import type { Clock } from '../clock'
import type { Engine } from '../engine/engine'
import type { AdminStoreProvider, AdminUserStore, DeploymentAdminChecker, WorkspaceAccessStore, WorkspaceSettingsStore } from '../host/admin-contract'
import { answer } from '../host/errors'
import { fields, text, withShapes } from '../host/shapes'
import { clampCount, isText } from '../input'
import { getWorkspace, listWorkspaces, restoreWorkspace, searchUsers, softDeleteWorkspace } from '../workspaces/directory'
import { listMembers, removeMember, setMemberRole, upsertMember } from '../workspaces/members'
import { demand, translate } from '../workspaces/refusals'
import { createWorkspace } from '../workspaces/workspaces'
import { checkId, checkRole, checkWorkspace } from '../workspaces/rules'
import { grantAdmin, isAdmin, isIdentityAdmin, listAdmins, revokeAdmin } from './grants'
import { compareAndSetSetting, getSetting, setSetting } from './settings'

interface Options {
  readonly engine: Engine
  readonly clock: Clock
}

/** A plugin's settings are JSON of a screenful; this keeps one from becoming a file store. */
const MAX_SETTING_LENGTH = 262_144
const MAX_PER_PAGE = 100
const MAX_SEARCH_ROWS = 100

/** What else the fields must be is checked by each method. */
const ONE = { input: fields({}) }
const SEARCH = { input: fields({ query: text }) }
const ACCESS = {
  listMembers: ONE, upsertMember: ONE, setMemberRole: ONE, removeMember: ONE, getWorkspace: ONE, createWorkspace: ONE, softDeleteWorkspace: ONE, restoreWorkspace: ONE,
  listWorkspaces: { input: fields({ search: text.optional() }) },
  searchUsers: SEARCH,
}
const ADMINS = { grantAdmin: { input: fields({ createdByUserId: text.nullish() }) }, revokeAdmin: ONE, isAdmin: ONE, searchUsers: SEARCH }

/** The host's three admin stores (contract §2.7). Times are milliseconds (trap A18). */
export function createAdminStores(options: Options): AdminStoreProvider {
  const access = createAccessStore(options)
  const settings = createSettingsStore(options)
  const admins = createAdminUserStore(options)
  return {
    id: 'sqlite',
    createWorkspaceAccessStore: () => access,
    createWorkspaceSettingsStore: () => settings,
    createAdminUserStore: () => admins,
    getCapabilities: () => ({
      supportsServerSideAdmin: true,
      supportsUserSearch: true,
      supportsWorkspaceList: true,
      supportsWorkspaceManagement: true,
      supportsDeploymentAdminGrants: true,
    }),
  }
}

/** Grants take effect in sessions through this (trap A14). Never throws: a session without the flag is the safe answer. */
export function createDeploymentAdminChecker({ engine }: Pick<Options, 'engine'>): DeploymentAdminChecker {
  return {
    checkDeploymentAdmin: async (providerUserId, provider) => {
      try {
        return await isIdentityAdmin(engine, String(provider), String(providerUserId))
      }
      catch {
        return false
      }
    },
  }
}

function createAccessStore({ engine, clock }: Options): WorkspaceAccessStore {
  return withShapes<WorkspaceAccessStore>({
    async listMembers({ workspaceId }) {
      demand(checkId('workspaceId', workspaceId))
      return answer(listMembers(engine, workspaceId), translate)
    },

    async upsertMember({ workspaceId, emailOrProviderId, role, provider }) {
      demand(checkId('workspaceId', workspaceId) ?? checkId('emailOrProviderId', emailOrProviderId) ?? checkRole(role))
      if (provider !== undefined) demand(checkId('provider', provider))
      await answer(upsertMember(engine, { workspaceId, emailOrProviderId: emailOrProviderId.trim(), role, provider }, clock.now()), translate)
    },

    async setMemberRole({ workspaceId, userId, role }) {
      demand(checkId('workspaceId', workspaceId) ?? checkId('userId', userId) ?? checkRole(role))
      await answer(setMemberRole(engine, { workspaceId, userId, role }), translate)
    },

    async removeMember({ workspaceId, userId }) {
      demand(checkId('workspaceId', workspaceId) ?? checkId('userId', userId))
      await answer(removeMember(engine, { workspaceId, userId }), translate)
    },

    async listWorkspaces({ search = '', includeDeleted = false, page, perPage }) {
      const filter = { search, includeDeleted, page: clampCount(page, 1, 1_000_000), perPage: clampCount(perPage, 20, MAX_PER_PAGE) }
      return answer(listWorkspaces(engine, filter), translate)
    },

    async getWorkspace({ workspaceId }) {
      demand(checkId('workspaceId', workspaceId))
      return answer(getWorkspace(engine, workspaceId), translate)
    },

    async createWorkspace({ name, description, ownerUserId }) {
      demand(checkId('ownerUserId', ownerUserId) ?? checkWorkspace({ name, description }))
      return answer(createWorkspace(engine, ownerUserId, { name: name.trim(), description: description || null }, clock.now(), 'owner-unknown'), translate)
    },

    async softDeleteWorkspace({ workspaceId, deletedAt }) {
      demand(checkId('workspaceId', workspaceId))
      const time = Number.isSafeInteger(deletedAt) && deletedAt > 0 ? deletedAt : clock.now()
      await answer(softDeleteWorkspace(engine, workspaceId, time), translate)
    },

    async restoreWorkspace({ workspaceId }) {
      demand(checkId('workspaceId', workspaceId))
      await answer(restoreWorkspace(engine, workspaceId), translate)
    },

    searchUsers: input => search(engine, input),
  }, ACCESS)
}

function createSettingsStore({ engine, clock }: Options): WorkspaceSettingsStore {
  const demandSetting = (workspaceId: unknown, key: unknown) => demand(checkId('workspaceId', workspaceId) ?? checkId('key', key))
  const demandValue = (value: unknown) => demand(value === '' || isText(value, MAX_SETTING_LENGTH) ? undefined : `value must be text of at most ${MAX_SETTING_LENGTH} characters`)
  return {
    async get(workspaceId, key) {
      demandSetting(workspaceId, key)
      return answer(getSetting(engine, { workspaceId, key }), translate)
    },

    async set(workspaceId, key, value) {
      demandSetting(workspaceId, key)
      demandValue(value)
      await answer(setSetting(engine, { workspaceId, key }, value, clock.now()), translate)
    },

    async compareAndSet(workspaceId, key, expected, next) {
      demandSetting(workspaceId, key)
      demandValue(next)
      return answer(compareAndSetSetting(engine, { workspaceId, key }, expected, next, clock.now()), translate)
    },
  }
}

function createAdminUserStore({ engine, clock }: Options): AdminUserStore {
  return withShapes<AdminUserStore>({
    listAdmins: async () => answer(listAdmins(engine), translate),

    async grantAdmin({ userId, createdByUserId }) {
      demand(checkId('userId', userId))
      await answer(grantAdmin(engine, userId, createdByUserId ?? null, clock.now()), translate)
    },

    async revokeAdmin({ userId }) {
      demand(checkId('userId', userId))
      await answer(revokeAdmin(engine, userId), translate)
    },

    async isAdmin({ userId }) {
      demand(checkId('userId', userId))
      return answer(isAdmin(engine, userId), translate)
    },

    searchUsers: input => search(engine, input),
  }, ADMINS)
}

async function search(engine: Engine, input: { query: string, limit?: number }) {
  return answer(searchUsers(engine, input.query.slice(0, 320), clampCount(input.limit, 20, MAX_SEARCH_ROWS)), translate)
}
