import { createError, defineEventHandler } from 'h3'
import { DEMO_USERS, findDemoUser, signInAs } from '../../auth/demo-users'
import { readJson, requireCloud } from '../../utils/request'

/** NOT FOR PRODUCTION: signs in whoever is named, without a password (server/auth/demo-users.ts). */
export default defineEventHandler(async (event) => {
  requireCloud({ sync: false })
  const body = await readJson(event, 1024, 'Invalid sign-in request')
  const user = findDemoUser(typeof body === 'object' && body !== null && 'user' in body ? body.user : undefined)
  if (!user) throw createError({ statusCode: 400, statusMessage: `user must be one of ${DEMO_USERS.map(({ id }) => id).join(', ')}` })
  signInAs(event, user)
  return { user: user.id }
})
