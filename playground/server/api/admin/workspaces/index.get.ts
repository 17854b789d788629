import { defineEventHandler, getQuery } from 'h3'
import * as z from 'zod'
import { getWorkspaceAccessStore } from '../../../admin/stores/registry'
import { openAdminRoute } from '../../../utils/admin-route'
import { parse } from '../../../utils/request'

const schema = z.object({
  search: z.string().max(200).optional(),
  includeDeleted: z.stringbool().default(false),
  page: z.coerce.number().int().min(1).default(1),
  perPage: z.coerce.number().int().min(1).max(100).default(20),
})

export default defineEventHandler(async (event) => {
  await openAdminRoute(event)
  const { search, ...rest } = parse(schema, getQuery(event), 'Invalid query')
  return getWorkspaceAccessStore(event).listWorkspaces({ ...rest, ...search === undefined ? {} : { search } })
})
