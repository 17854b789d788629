import { randomUUID } from 'node:crypto'
import { createError, defineEventHandler } from 'h3'
import * as z from 'zod'
import { useRuntimeConfig } from '#imports'
import { requireCan } from '../../../auth/permissions'
import { ACTIVATION_MS, advance, CLAIM_MS, hashOf, openConnectRoute, PROVISIONING_MS } from '../../../connect/pairing'
import { requireConnectStore } from '../../../connect/store/registry'
import type { Environment } from '../../../connect/store/types'
import { ConnectStoreError } from '../../../connect/store/types'
import { requireIntent } from '../../../utils/admin-route'
import { parse, readJson } from '../../../utils/request'

/** Says yes to a computer. Saying it twice is saying it once. */
export default defineEventHandler(async (event) => {
  const session = await requireCan(event, 'workspace.read')
  requireIntent(event, 'x-or3-connect-intent', 'approve')
  await openConnectRoute(event, 'approve', session.user.id, 10)
  const { code, name } = parse(z.object({ code: z.string().min(1).max(40), name: z.string().max(200).optional() }), await readJson(event, 8192, 'Invalid approval'), 'Invalid approval')
  const store = requireConnectStore()
  const now = Date.now()
  const found = await store.getAuthorizationByUserHash(hashOf(code), now)
  const again = found?.environment_id !== undefined && found.approved_user_id === session.user.id && found.approved_workspace_id === session.workspace.id
  if (again) return { connected: true, environment: { id: found.environment_id, name: found.host.name } }
  if (!found) throw createError({ statusCode: 404, statusMessage: 'This connection request is no longer available.' })

  const claimToken = randomUUID()
  try {
    const environment = await store.reserveAuthorization({
      authorizationId: found._id, userId: session.user.id, workspaceId: session.workspace.id,
      environment: { name: name || found.host.name, platform: found.host.platform, access_credential_ciphertext: `demo-access:${randomUUID()}`, tunnel_secret_ciphertext: `demo-tunnel:${randomUUID()}` },
      limitPolicy: { scope: 'account', maxActiveEnvironments: useRuntimeConfig().connect.maxComputers },
      claimToken, claimUntil: now + CLAIM_MS, provisioningDeadlineAt: now + PROVISIONING_MS, activationDeadlineAt: now + ACTIVATION_MS, authorizationExpiresAt: now + ACTIVATION_MS, now,
    })
    setUp(environment, claimToken)
    return { connected: true, environment: { id: environment.id, name: environment.name } }
  }
  catch (error) {
    if (error instanceof ConnectStoreError) throw createError({ statusCode: error.code === 'environment_limit_reached' ? 409 : 404, statusMessage: error.message })
    throw error
  }
})

/** Goes on behind the answer; what does not come to an end is taken up by the lifecycle plugin. */
function setUp(environment: Environment, claimToken: string): void {
  advance(requireConnectStore(), environment, claimToken).catch(() => console.error('A computer could not be set up at once'))
}
