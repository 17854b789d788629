import { createError, defineEventHandler, getQuery } from 'h3'
import { requireCan } from '../../../auth/permissions'
import { hashOf, openConnectRoute } from '../../../connect/pairing'
import { requireConnectStore } from '../../../connect/store/registry'

/** What is known of the computer that shows a code. */
export default defineEventHandler(async (event) => {
  const session = await requireCan(event, 'workspace.read')
  await openConnectRoute(event, 'lookup', session.user.id, 10)
  const found = await requireConnectStore().getAuthorizationByUserHash(hashOf(String(getQuery(event).code ?? '')), Date.now())
  if (found?.status !== 'pending') throw createError({ statusCode: 404, statusMessage: 'No computer shows this code' })
  return { computer: { name: found.host.name, platform: found.host.platform } }
})
