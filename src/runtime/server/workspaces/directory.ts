import type { ExpressionBuilder, SelectQueryBuilder } from 'kysely'
import { sql } from 'kysely'
import type { Engine, Plan, Reading } from '../engine/engine'
import { ask } from '../engine/engine'
import { compile, query } from '../database/builder'
import type { DatabaseSchema } from '../database/schema'
import type { UserSummary, WorkspaceSummary } from '../host/admin-contract'
import { profileOf } from './users'
import { softDelete, WorkspaceRefusedError } from './workspaces'

/** Users whose address, name or id contains the text; `%` and `_` are just characters (trap A17). */
export async function searchUsers(engine: Engine, text: string, limit: number): Promise<UserSummary[]> {
  if (text.trim() === '') return []
  const rows = await engine.all(compile(query.selectFrom('users')
    .select(['id as user_id', 'email', 'display_name'])
    .where(({ or }) => or([contains('email', text), contains('display_name', text), contains('id', text)]))
    .orderBy('email').orderBy('id').limit(limit)))
  return rows.map(profileOf)
}

export interface WorkspaceFilter {
  readonly search: string
  readonly includeDeleted: boolean
  /** From 1. */
  readonly page: number
  readonly perPage: number
}

/** Newest first, with how many there are in all. Times in milliseconds (trap A18). */
export async function listWorkspaces(engine: Engine, { search, includeDeleted, page, perPage }: WorkspaceFilter): Promise<{ items: WorkspaceSummary[], total: number }> {
  const matching = <Row>(from: SelectQueryBuilder<DatabaseSchema & { workspace: DatabaseSchema['workspaces'] }, 'workspace', Row>) => {
    const live = includeDeleted ? from : from.where('workspace.deleted_at_ms', 'is', null)
    return search.trim() === '' ? live : live.where(({ or }) => or([contains('workspace.name', search.trim()), contains('workspace.description', search.trim())]))
  }
  return engine.read(function* () {
    const [all] = yield* ask(compile(matching(query.selectFrom('workspaces as workspace').select(({ fn }) => fn.countAll<number>().as('total')))))
    const rows = yield* ask(compile(matching(query.selectFrom('workspaces as workspace').select(summary))
      .orderBy('workspace.created_at_ms', 'desc').orderBy('workspace.id')
      .limit(perPage).offset((page - 1) * perPage)))
    return { items: rows.map(toSummary), total: all?.total ?? 0 }
  })
}

/** A workspace, removed or not; null where there is none. */
export async function getWorkspace(engine: Engine, workspaceId: string): Promise<WorkspaceSummary | null> {
  const [row] = await engine.all(compile(query.selectFrom('workspaces as workspace').select(summary).where('workspace.id', '=', workspaceId)))
  return row ? toSummary(row) : null
}

/** Removes a workspace; one that was removed keeps its time. `deletedAtMs`: milliseconds. Throws WorkspaceRefusedError. */
export async function softDeleteWorkspace(engine: Engine, workspaceId: string, deletedAtMs: number): Promise<void> {
  return engine.write(function* (): Reading<Plan<void>> {
    yield* requireWorkspace(workspaceId)
    return { writes: softDelete(workspaceId, deletedAtMs), result: undefined }
  })
}

/** Throws WorkspaceRefusedError. */
export async function restoreWorkspace(engine: Engine, workspaceId: string): Promise<void> {
  return engine.write(function* (): Reading<Plan<void>> {
    yield* requireWorkspace(workspaceId)
    return { writes: [compile(query.updateTable('workspaces').set({ deleted_at_ms: null }).where('id', '=', workspaceId))], result: undefined }
  })
}

/** Throws WorkspaceRefusedError where there is no such workspace; one that was removed is there. */
export function* requireWorkspace(workspaceId: string): Reading<void> {
  const found = yield* ask(compile(query.selectFrom('workspaces').select('id').where('id', '=', workspaceId)))
  if (found.length === 0) throw new WorkspaceRefusedError('workspace-removed')
}

type WorkspaceRow = ExpressionBuilder<DatabaseSchema & { workspace: DatabaseSchema['workspaces'] }, 'workspace'>

/** The owner shown is the earliest one; a workspace may have several. */
function summary({ ref, selectFrom }: WorkspaceRow) {
  const owners = selectFrom('workspace_members as member')
    .innerJoin('users as user', 'user.id', 'member.user_id')
    .whereRef('member.workspace_id', '=', 'workspace.id').where('member.role', '=', 'owner')
    .orderBy('member.created_at_ms').orderBy('member.user_id').limit(1)
  return [
    ref('workspace.id').as('id'),
    ref('workspace.name').as('name'),
    ref('workspace.description').as('description'),
    ref('workspace.created_at_ms').as('created_at_ms'),
    ref('workspace.deleted_at_ms').as('deleted_at_ms'),
    owners.select('user.id').as('owner_id'),
    owners.select('user.email').as('owner_email'),
    selectFrom('workspace_members as member').whereRef('member.workspace_id', '=', 'workspace.id')
      .select(({ fn }) => fn.countAll<number>().as('n')).as('members'),
  ] as const
}

interface SummaryRow {
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly created_at_ms: number
  readonly deleted_at_ms: number | null
  readonly owner_id: string | null
  readonly owner_email: string | null
  readonly members: number | null
}

function toSummary(row: SummaryRow): WorkspaceSummary {
  return {
    id: row.id,
    name: row.name,
    ...row.description === null ? {} : { description: row.description },
    createdAt: row.created_at_ms,
    deleted: row.deleted_at_ms !== null,
    ...row.deleted_at_ms === null ? {} : { deletedAt: row.deleted_at_ms },
    ...row.owner_id === null ? {} : { ownerUserId: row.owner_id },
    ...row.owner_email === null ? {} : { ownerEmail: row.owner_email },
    memberCount: row.members ?? 0,
  }
}

function contains(column: string, text: string) {
  return sql<boolean>`instr(lower(${sql.ref(column)}), lower(${text})) > 0`
}
