import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Engine, Plan, Reading, Statement } from '../engine/engine'
import { ask } from '../engine/engine'
import { compile, query } from '../database/builder'
import type { UserWorkspace, WorkspaceRole } from '../host/contract'
import { DEFAULT_WORKSPACE_NAME } from './rules'
import { userExists } from './users'

/** Why a workspace could not be used as asked. */
export type WorkspaceRefusal
  = | 'user-unknown' | 'workspace-removed' | 'not-a-member' | 'not-an-editor' | 'not-an-owner'
    | 'invite-unknown' | 'invite-ended' | 'owner-unknown' | 'member-unknown' | 'user-ambiguous'
    | 'last-owner-demoted' | 'last-owner-removed'

export class WorkspaceRefusedError extends Error {
  override readonly name = 'WorkspaceRefusedError'

  constructor(readonly refusal: WorkspaceRefusal) {
    super(refusal)
  }
}

export interface Member {
  readonly userId: string
  readonly workspaceId: string
}

interface NamedWorkspace {
  readonly workspaceId: string
  readonly workspaceName: string
}

export interface DefaultWorkspace extends NamedWorkspace {
  /** Made by this call: the host then provisions it. */
  readonly created: boolean
}

/**
 * The workspace a session runs in: the active one while the user may use it; else the earliest one the
 * user belongs to, which becomes active; else a new one. All in one unit of work, so that two first
 * requests make one workspace (trap A2).
 */
export async function getOrCreateDefaultWorkspace(engine: Engine, userId: string, nowMs: number): Promise<DefaultWorkspace> {
  const active = await engine.all(activeWorkspace(userId))
  if (active[0]) return { ...active[0], created: false }
  const newId = randomUUID()
  return engine.write(function* (): Reading<Plan<DefaultWorkspace>> {
    if (!(yield* userExists(userId))) throw new WorkspaceRefusedError('user-unknown')
    const [current] = yield* ask(activeWorkspace(userId))
    if (current) return { writes: [], result: { ...current, created: false } }
    const [earliest] = yield* ask(earliestWorkspace(userId))
    if (earliest) return { writes: [activate(userId, earliest.workspaceId)], result: { ...earliest, created: false } }
    return {
      writes: [...insertWorkspace({ id: newId, userId, name: DEFAULT_WORKSPACE_NAME, description: null, nowMs }), activate(userId, newId)],
      result: { workspaceId: newId, workspaceName: DEFAULT_WORKSPACE_NAME, created: true },
    }
  })
}

/** The role of a current member of a live workspace, else null (trap A5). */
export async function getWorkspaceRole(engine: Engine, member: Member): Promise<WorkspaceRole | null> {
  const [row] = await engine.all(membership(member))
  return row && row.deleted_at_ms === null ? row.role : null
}

/** The live workspaces of a user, newest first. `createdAt` in milliseconds. */
export async function listUserWorkspaces(engine: Engine, userId: string): Promise<UserWorkspace[]> {
  const rows = await engine.all(compile(query.selectFrom('workspace_members as member')
    .innerJoin('workspaces as workspace', 'workspace.id', 'member.workspace_id')
    .innerJoin('users as user', 'user.id', 'member.user_id')
    .select(['workspace.id', 'workspace.name', 'workspace.description', 'member.role', 'workspace.created_at_ms', 'user.active_workspace_id'])
    .where('member.user_id', '=', userId)
    .where('workspace.deleted_at_ms', 'is', null)
    .orderBy('workspace.created_at_ms', 'desc')
    .orderBy('workspace.id')))
  return rows.map(row => ({
    id: row.id,
    name: row.name,
    ...row.description === null ? {} : { description: row.description },
    role: row.role,
    createdAt: row.created_at_ms,
    isActive: row.id === row.active_workspace_id,
  }))
}

export interface WorkspaceText {
  readonly name: string
  readonly description: string | null
}

/**
 * A new workspace with its owner; which one is active stays as it is. Throws WorkspaceRefusedError, with
 * `unknown` where there is no such user.
 */
export async function createWorkspace(engine: Engine, userId: string, text: WorkspaceText, nowMs: number, unknown: 'user-unknown' | 'owner-unknown' = 'user-unknown'): Promise<{ workspaceId: string }> {
  const id = randomUUID()
  return engine.write(function* () {
    if (!(yield* userExists(userId))) throw new WorkspaceRefusedError(unknown)
    return { writes: insertWorkspace({ id, userId, ...text, nowMs }), result: { workspaceId: id } }
  })
}

/** New name and description, by an owner or editor of that workspace. An absent description is kept, null clears it. */
export async function updateWorkspace(engine: Engine, member: Member, text: { name: string, description: string | null | undefined }): Promise<void> {
  return engine.write(function* (): Reading<Plan<void>> {
    const role = yield* requireRole(member)
    if (role === 'viewer') throw new WorkspaceRefusedError('not-an-editor')
    const change = text.description === undefined ? { name: text.name } : { name: text.name, description: text.description }
    return { writes: [compile(query.updateTable('workspaces').set(change).where('id', '=', member.workspaceId))], result: undefined }
  })
}

/** Soft delete by an owner; everybody who was in it moves to another live workspace or to none (trap A3). */
export async function removeWorkspace(engine: Engine, member: Member, nowMs: number): Promise<void> {
  return engine.write(function* (): Reading<Plan<void>> {
    const role = yield* requireRole(member)
    if (role !== 'owner') throw new WorkspaceRefusedError('not-an-owner')
    return { writes: softDelete(member.workspaceId, nowMs), result: undefined }
  })
}

/** Makes a live workspace of the user the active one (trap A4). */
export async function setActiveWorkspace(engine: Engine, member: Member): Promise<void> {
  return engine.write(function* (): Reading<Plan<void>> {
    yield* requireRole(member)
    return { writes: [activate(member.userId, member.workspaceId)], result: undefined }
  })
}

/** The member's role. Somebody who is no member learns nothing about the workspace, not even whether it is there. */
function* requireRole(member: Member): Reading<WorkspaceRole> {
  const [row] = yield* ask(membership(member))
  if (!row) throw new WorkspaceRefusedError('not-a-member')
  if (row.deleted_at_ms !== null) throw new WorkspaceRefusedError('workspace-removed')
  return row.role
}

function membership(member: Member): Statement<{ role: WorkspaceRole, deleted_at_ms: number | null }> {
  return compile(query.selectFrom('workspace_members as member')
    .innerJoin('workspaces as workspace', 'workspace.id', 'member.workspace_id')
    .select(['member.role', 'workspace.deleted_at_ms'])
    .where('member.workspace_id', '=', member.workspaceId)
    .where('member.user_id', '=', member.userId))
}

function liveWorkspacesOf(userId: string) {
  return query.selectFrom('workspace_members as member')
    .innerJoin('workspaces as workspace', 'workspace.id', 'member.workspace_id')
    .select(['workspace.id as workspaceId', 'workspace.name as workspaceName'])
    .where('member.user_id', '=', userId)
    .where('workspace.deleted_at_ms', 'is', null)
}

function activeWorkspace(userId: string): Statement<NamedWorkspace> {
  return compile(liveWorkspacesOf(userId)
    .innerJoin('users as user', 'user.id', 'member.user_id')
    .whereRef('workspace.id', '=', 'user.active_workspace_id'))
}

function earliestWorkspace(userId: string): Statement<NamedWorkspace> {
  return compile(liveWorkspacesOf(userId)
    .orderBy('member.created_at_ms')
    .orderBy('member.workspace_id')
    .limit(1))
}

/** Whether there is such a workspace and it was not removed. */
export function* workspaceIsLive(workspaceId: string): Reading<boolean> {
  return (yield* ask(compile(query.selectFrom('workspaces').select('id').where('id', '=', workspaceId).where('deleted_at_ms', 'is', null)))).length > 0
}

/** A member's role, whether or not the workspace was removed. */
export function* roleOf(member: Member): Reading<WorkspaceRole | undefined> {
  return (yield* ask(membership(member)))[0]?.role
}

function insertWorkspace(workspace: WorkspaceText & { id: string, userId: string, nowMs: number }): Statement[] {
  const { id, userId, name, description, nowMs } = workspace
  return [
    compile(query.insertInto('workspaces').values({ id, name, description, created_at_ms: nowMs, deleted_at_ms: null })),
    compile(query.insertInto('workspace_members').values({ workspace_id: id, user_id: userId, role: 'owner', created_at_ms: nowMs })),
  ]
}

export function activate(userId: string, workspaceId: string): Statement {
  return compile(query.updateTable('users').set({ active_workspace_id: workspaceId }).where('id', '=', userId))
}

/** Removes a live workspace, and moves everybody who was in it to another one or to none (trap A3). */
export function softDelete(workspaceId: string, nowMs: number): Statement[] {
  return [
    compile(query.updateTable('workspaces').set({ deleted_at_ms: nowMs }).where('id', '=', workspaceId).where('deleted_at_ms', 'is', null)),
    rehome(workspaceId),
  ]
}

/**
 * Gives those whose active workspace this is, or the one user, the earliest live workspace they belong to
 * now.
 */
export function rehome(workspaceId: string, userId?: string): Statement {
  const moved = query.updateTable('users')
    .set(({ selectFrom }) => ({
      active_workspace_id: selectFrom('workspace_members as member')
        .innerJoin('workspaces as workspace', 'workspace.id', 'member.workspace_id')
        .select('member.workspace_id')
        .whereRef('member.user_id', '=', sql.ref('users.id'))
        .where('workspace.deleted_at_ms', 'is', null)
        .orderBy('member.created_at_ms')
        .orderBy('member.workspace_id')
        .limit(1),
    }))
    .where('active_workspace_id', '=', workspaceId)
  return compile(userId === undefined ? moved : moved.where('id', '=', userId))
}
