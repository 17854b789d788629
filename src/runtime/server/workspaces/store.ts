import type { Clock } from '../clock'
import type { Engine } from '../engine/engine'
import type { AuthWorkspaceStore, InviteMethods } from '../host/contract'
import { answer, refusal } from '../host/errors'
import { fields, text, withShapes } from '../host/shapes'
import { clampCount } from '../input'
import { acceptInvite, consumeInvite, createInvite, listInvites, revokeInvite, validateInvite } from './invites'
import { demand, translate } from './refusals'
import { checkId, checkIdentity, checkInvite, checkWorkspace, INVITE_STATUSES } from './rules'
import type { SignInRules } from './users'
import { getOrCreateUser, getUser } from './users'
import { createWorkspace, getOrCreateDefaultWorkspace, getWorkspaceRole, listUserWorkspaces, removeWorkspace, setActiveWorkspace, updateWorkspace } from './workspaces'

/** What the fields must be is checked by each method (rules.ts). */
const ONE = { input: fields({}) }
const SHAPES = {
  getUser: ONE, getOrCreateUser: ONE, getWorkspaceRole: ONE, createWorkspace: ONE, updateWorkspace: ONE, removeWorkspace: ONE, setActiveWorkspace: ONE,
  createInvite: ONE, listInvites: ONE, validateInvite: ONE, acceptInviteAndProvisionUser: ONE, consumeInvite: ONE,
  revokeInvite: { input: fields({ revokedByUserId: text }) },
}

export interface WorkspaceStoreOptions {
  readonly engine: Engine
  readonly clock: Clock
  readonly signIn: SignInRules
}

/** The host's store of users and workspaces (contract §2.1). Cheap to make: the host makes one per lookup. */
export function createWorkspaceStore({ engine, clock, signIn: rules }: WorkspaceStoreOptions): AuthWorkspaceStore & InviteMethods {
  return withShapes<AuthWorkspaceStore & InviteMethods>({
    ...createInviteMethods({ engine, clock, signIn: rules }),

    async getUser(identity) {
      demand(checkIdentity(identity))
      return answer(getUser(engine, identity), translate)
    },

    async getOrCreateUser(signIn) {
      demand(checkIdentity(signIn))
      return answer(getOrCreateUser(engine, signIn, rules, clock.now()), translate)
    },

    async getOrCreateDefaultWorkspace(userId) {
      demand(checkId('userId', userId))
      return answer(getOrCreateDefaultWorkspace(engine, userId, clock.now()), translate)
    },

    async getWorkspaceRole(member) {
      demandMember(member)
      return answer(getWorkspaceRole(engine, member), translate)
    },

    async listUserWorkspaces(userId) {
      demand(checkId('userId', userId))
      return answer(listUserWorkspaces(engine, userId), translate)
    },

    async createWorkspace({ userId, name, description }) {
      demand(checkId('userId', userId) ?? checkWorkspace({ name, description }))
      return answer(createWorkspace(engine, userId, { name: name.trim(), description: description || null }, clock.now()), translate)
    },

    async updateWorkspace({ userId, workspaceId, name, description }) {
      demandMember({ userId, workspaceId })
      demand(checkWorkspace({ name, description }))
      return answer(updateWorkspace(engine, { userId, workspaceId }, { name: name.trim(), description: description === '' ? null : description }), translate)
    },

    async removeWorkspace(member) {
      demandMember(member)
      return answer(removeWorkspace(engine, member, clock.now()), translate)
    },

    async setActiveWorkspace(member) {
      demandMember(member)
      return answer(setActiveWorkspace(engine, member), translate)
    },
  }, SHAPES)
}

function createInviteMethods({ engine, clock, signIn }: WorkspaceStoreOptions): InviteMethods {
  const now = () => Math.floor(clock.now() / 1000)
  return {
    async createInvite(input) {
      demand(checkInvite(input, now()))
      return answer(createInvite(engine, input, now()), translate)
    },

    async listInvites({ workspaceId, status, limit }) {
      demand(checkId('workspaceId', workspaceId))
      if (status !== undefined && !INVITE_STATUSES.includes(status)) throw refusal(400, `status must be one of ${INVITE_STATUSES.join(', ')}`)
      return answer(listInvites(engine, { workspaceId, status, limit: clampCount(limit, 100, 500) }, now()), translate)
    },

    async revokeInvite(input) {
      demand(checkId('workspaceId', input.workspaceId) ?? checkId('inviteId', input.inviteId))
      await answer(revokeInvite(engine, input, now()), translate)
    },

    async validateInvite(key) {
      demandInviteKey(key)
      return answer(validateInvite(engine, key, now()), translate)
    },

    async acceptInviteAndProvisionUser(input) {
      demandInviteKey(input)
      demand(checkIdentity(input))
      return answer(acceptInvite(engine, input, signIn, clock.now()), translate)
    },

    async consumeInvite(input) {
      demandInviteKey(input)
      demand(checkId('acceptedUserId', input.acceptedUserId))
      return answer(consumeInvite(engine, input, clock.now()), translate)
    },
  }
}

function demandInviteKey(key: { workspaceId: unknown, tokenHash: unknown }): void {
  demand(checkId('workspaceId', key.workspaceId) ?? checkId('tokenHash', key.tokenHash))
}

function demandMember(member: { userId: unknown, workspaceId: unknown }): void {
  demand(checkId('userId', member.userId) ?? checkId('workspaceId', member.workspaceId))
}
