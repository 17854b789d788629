import { defineEventHandler, getRequestIP, setResponseHeader } from 'h3'
import { resolveSessionContext } from '../../auth/session'
import { limitRate } from '../../utils/rate-limit'
import { requireCloud } from '../../utils/request'

export default defineEventHandler(async (event) => {
  requireCloud({ sync: false })
  setResponseHeader(event, 'Cache-Control', 'no-store')
  limitRate(event, `session:${getRequestIP(event) ?? 'unknown'}`, 60)
  return { session: await resolveSessionContext(event) }
})
