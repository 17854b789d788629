import { defineEventHandler } from 'h3'
import * as z from 'zod'
import { requireCan } from '../../../auth/permissions'
import { hashOf, openConnectRoute } from '../../../connect/pairing'
import { requireConnectStore } from '../../../connect/store/registry'
import { requireIntent } from '../../../utils/admin-route'
import { parse, readJson } from '../../../utils/request'

export default defineEventHandler(async (event) => {
  const session = await requireCan(event, 'workspace.read')
  requireIntent(event, 'x-or3-connect-intent', 'deny')
  await openConnectRoute(event, 'deny', session.user.id, 10)
  const { code } = parse(z.object({ code: z.string().min(1).max(40) }), await readJson(event, 8192, 'Invalid denial'), 'Invalid denial')
  const store = requireConnectStore()
  const found = await store.getAuthorizationByUserHash(hashOf(code), Date.now())
  return { denied: found !== null && await store.denyAuthorization(found._id, Date.now()) }
})
