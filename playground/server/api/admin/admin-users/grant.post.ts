import { defineEventHandler } from 'h3'
import * as z from 'zod'
import { getAdminUserStore } from '../../../admin/stores/registry'
import { openAdminRoute } from '../../../utils/admin-route'
import { parse, readJson } from '../../../utils/request'

export default defineEventHandler(async (event) => {
  const session = await openAdminRoute(event, { mutation: true })
  const { userId } = parse(z.object({ userId: z.string().min(1) }), await readJson(event, 8192, 'Invalid admin request'), 'Invalid admin request')
  await getAdminUserStore(event).grantAdmin({ userId, createdByUserId: session.user.id })
  return { ok: true }
})
