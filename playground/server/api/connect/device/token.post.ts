import { defineEventHandler } from 'h3'
import * as z from 'zod'
import { hashOf, openConnectRoute, REDELIVERY_MS } from '../../../connect/pairing'
import { requireConnectStore } from '../../../connect/store/registry'
import { parse, readJson } from '../../../utils/request'

/** A computer asks whether somebody has said yes. */
export default defineEventHandler(async (event) => {
  const { deviceCode } = parse(z.object({ deviceCode: z.string().min(1).max(200) }), await readJson(event, 8192, 'Invalid token request'), 'Invalid token request')
  const deviceHash = hashOf(deviceCode)
  await openConnectRoute(event, 'token:device', deviceHash, 30)
  const found = await requireConnectStore().getAuthorizationByDeviceHash(deviceHash, Date.now(), REDELIVERY_MS)
  if (found?.status === 'approved') return { status: 'approved', credential: found.credential_ciphertext, environmentId: found.environment_id }
  if (found?.status === 'pending' || found?.status === 'provisioning') return { status: 'pending', retryAfter: 3 }
  return { status: found?.status === 'denied' ? 'denied' : 'expired' }
})
