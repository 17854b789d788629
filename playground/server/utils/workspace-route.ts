import type { H3Event } from 'h3'
import { createError } from 'h3'
import { requireCan } from '../auth/permissions'
import type { SessionContext } from '../auth/session'
import { requireWorkspaceStore } from '../auth/session'
import type { AuthWorkspaceStore } from '../auth/store/types'
import { readJson, requireCloud } from './request'

/** What every workspace route needs first: somebody who may read where they are, and the store. */
export async function openWorkspaceRoute(event: H3Event): Promise<{ session: SessionContext, store: AuthWorkspaceStore }> {
  requireCloud({ sync: false })
  const session = await requireCan(event, 'workspace.read')
  return { session, store: requireWorkspaceStore() }
}

/** Name and description of a workspace, checked as the host does (contract §4.2). */
export async function readWorkspace(event: H3Event): Promise<{ name: string, description?: string | null }> {
  const body = await readJson(event, 64 * 1024, 'Invalid workspace request')
  const { name, description } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  if (typeof name !== 'string' || name.trim() === '') throw refused('Workspace name is required')
  if (name.trim().length > 100) throw refused('Workspace name must be under 100 characters')
  if (description === undefined || description === null) return { name: name.trim(), ...description === null ? { description } : {} }
  if (typeof description !== 'string' || description.length > 1000) throw refused('Description must be under 1000 characters')
  return { name: name.trim(), description }
}

export function requireWorkspaceId(id: unknown): string {
  if (typeof id !== 'string' || id.trim() === '') throw refused('Workspace id is required')
  return id
}

function refused(statusMessage: string): Error {
  return createError({ statusCode: 400, statusMessage })
}
