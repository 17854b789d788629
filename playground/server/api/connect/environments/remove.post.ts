import { randomUUID } from 'node:crypto'
import { createError, defineEventHandler } from 'h3'
import * as z from 'zod'
import { requireCan } from '../../../auth/permissions'
import { advance, CLAIM_MS, openConnectRoute } from '../../../connect/pairing'
import { requireConnectStore } from '../../../connect/store/registry'
import { requireIntent } from '../../../utils/admin-route'
import { parse, readJson } from '../../../utils/request'

export default defineEventHandler(async (event) => {
  const session = await requireCan(event, 'workspace.read')
  requireIntent(event, 'x-or3-connect-intent', 'remove')
  await openConnectRoute(event, 'status', session.user.id, 60)
  const { environmentId } = parse(z.object({ environmentId: z.string().min(1) }), await readJson(event, 8192, 'Invalid removal'), 'Invalid removal')
  const store = requireConnectStore()
  const claimToken = randomUUID()
  const scope = { userId: session.user.id, workspaceId: session.workspace.id }
  const begun = await store.beginEnvironmentRevocation({ environmentId, scope, claimToken, claimUntil: Date.now() + CLAIM_MS, now: Date.now() })
  if (!begun) throw createError({ statusCode: 404, statusMessage: 'Computer not found' })
  if (!begun.claimed && begun.environment.status !== 'revoked') throw createError({ statusCode: 409, statusMessage: 'This computer is being removed' })
  if (begun.claimed) await advance(store, begun.environment, claimToken)
  return { revoked: true }
})
