import type { Clock } from '../clock'
import type { Engine } from '../engine/engine'
import type { AuthWorkspaceStore } from '../host/contract'
import { answer, refusal } from '../host/errors'
import type { Fault } from './rules'
import { checkId, checkIdentity, checkWorkspace } from './rules'
import { getOrCreateUser, getUser } from './users'
import type { WorkspaceRefusal } from './workspaces'
import { createWorkspace, getOrCreateDefaultWorkspace, getWorkspaceRole, listUserWorkspaces, removeWorkspace, setActiveWorkspace, updateWorkspace, WorkspaceRefusedError } from './workspaces'

/** The host's routes do not translate store errors, so they leave here with their status (trap A6). */
const REFUSALS: Record<WorkspaceRefusal, [status: 403 | 404, message: string]> = {
  'user-unknown': [404, 'User not found'],
  'workspace-removed': [404, 'Workspace not found'],
  'not-a-member': [403, 'Forbidden: not a member of this workspace'],
  'not-an-editor': [403, 'Forbidden: insufficient workspace role'],
  'not-an-owner': [403, 'Forbidden: only owner can remove workspace'],
}

/** The host's store of users and workspaces (contract §2.1.1). Cheap to make: the host makes one per lookup. */
export function createWorkspaceStore({ engine, clock }: { engine: Engine, clock: Clock }): AuthWorkspaceStore {
  return {
    async getUser(identity) {
      demand(checkIdentity(identity))
      return answer(getUser(engine, identity), translate)
    },

    async getOrCreateUser(signIn) {
      demand(checkIdentity(signIn))
      return answer(getOrCreateUser(engine, signIn, clock.now()), translate)
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
  }
}

function demandMember(member: { userId: unknown, workspaceId: unknown }): void {
  demand(checkId('userId', member.userId) ?? checkId('workspaceId', member.workspaceId))
}

function demand(fault: Fault | undefined): void {
  if (fault !== undefined) throw refusal(400, fault)
}

function translate(error: unknown): unknown {
  return error instanceof WorkspaceRefusedError ? refusal(...REFUSALS[error.refusal]) : error
}
