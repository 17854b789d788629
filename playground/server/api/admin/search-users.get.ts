import { defineEventHandler, getQuery } from 'h3'
import * as z from 'zod'
import { getAdminUserStore } from '../../admin/stores/registry'
import { openAdminRoute } from '../../utils/admin-route'
import { parse } from '../../utils/request'

const schema = z.object({ q: z.string().default(''), limit: z.coerce.number().int().min(1).max(50).default(20) })

export default defineEventHandler(async (event) => {
  await openAdminRoute(event)
  const { q, limit } = parse(schema, getQuery(event), 'Invalid query')
  return { users: q.trim() === '' ? [] : await getAdminUserStore(event).searchUsers({ query: q, limit }) }
})
