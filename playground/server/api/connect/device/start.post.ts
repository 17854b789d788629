import { createError, defineEventHandler, setResponseStatus } from 'h3'
import * as z from 'zod'
import { hashOf, newDeviceCode, newUserCode, openConnectRoute, PAIRING_MS } from '../../../connect/pairing'
import { requireConnectStore } from '../../../connect/store/registry'
import { ConnectStoreError } from '../../../connect/store/types'
import { parse, readJson } from '../../../utils/request'

const MAX_TRIES = 5
const schema = z.object({ host: z.looseObject({ name: z.string().min(1).max(200), platform: z.string().max(100).optional() }) })

/** A computer asks to be connected: it gets a code to poll with and one to show. */
export default defineEventHandler(async (event) => {
  await openConnectRoute(event, 'start', undefined, 10)
  const { host } = parse(schema, await readJson(event, 16_384, 'Invalid host'), 'Invalid host')
  const store = requireConnectStore()
  const deviceCode = newDeviceCode()
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const userCode = newUserCode()
    const now = Date.now()
    try {
      await store.createAuthorization({ deviceCodeHash: hashOf(deviceCode), userCodeHash: hashOf(userCode), host, expiresAt: now + PAIRING_MS, now })
      setResponseStatus(event, 201)
      return { deviceCode, userCode, verificationUri: '/admin', verificationUriComplete: `/admin?code=${userCode}`, expiresIn: PAIRING_MS / 1000, interval: 3 }
    }
    catch (error) {
      if (!(error instanceof ConnectStoreError && error.code === 'conflict')) throw error
    }
  }
  throw createError({ statusCode: 503, statusMessage: 'Try again' })
})
