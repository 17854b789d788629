import type { H3Event } from 'h3'
import { createError, getRequestHeader } from 'h3'
import { requireCan } from '../auth/permissions'
import type { SessionContext } from '../auth/session'
import { requireCloud } from './request'

/** Contract §4.8: a mutation names its intent and comes from this very page. */
export function requireIntent(event: H3Event, header = 'x-or3-admin-intent', intent = 'admin'): void {
  const origin = getRequestHeader(event, 'origin')
  const foreign = origin !== undefined && URL.parse(origin)?.host !== getRequestHeader(event, 'host')
  if (foreign || getRequestHeader(event, header) !== intent) throw createError({ statusCode: 403, statusMessage: 'Forbidden' })
}

/** A deployment admin. The playground counts Ada as one, so that there is somebody to grant it to others. */
export async function openAdminRoute(event: H3Event, options: { mutation?: boolean } = {}): Promise<SessionContext> {
  requireCloud({ sync: false })
  const session = await requireCan(event, 'admin.access')
  if (options.mutation) requireIntent(event)
  return session
}

/** The owner of the workspace they are in. */
export async function openOwnerRoute(event: H3Event, options: { mutation?: boolean } = {}): Promise<SessionContext> {
  requireCloud({ sync: false })
  const session = await requireCan(event, 'users.manage')
  if (options.mutation) requireIntent(event)
  return session
}
