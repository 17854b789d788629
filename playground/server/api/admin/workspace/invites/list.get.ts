import { defineEventHandler, getQuery } from 'h3'
import * as z from 'zod'
import { requireInviteStore } from '../../../../auth/session'
import { openOwnerRoute } from '../../../../utils/admin-route'
import { parse } from '../../../../utils/request'

const schema = z.object({
  status: z.enum(['pending', 'accepted', 'revoked', 'expired']).optional(),
  limit: z.coerce.number().int().min(1).max(500).optional(),
})

export default defineEventHandler(async (event) => {
  const session = await openOwnerRoute(event)
  const { status, limit } = parse(schema, getQuery(event), 'Invalid query')
  const store = requireInviteStore()
  return { invites: await store.listInvites({ workspaceId: session.workspace.id, ...status ? { status } : {}, ...limit ? { limit } : {} }) }
})
