import { createError, defineEventHandler } from 'h3'
import * as z from 'zod'
import { useRuntimeConfig } from '#imports'
import { demoUserOf, emailOf } from '../../auth/demo-users'
import { hashInvite, readInvite } from '../../auth/invite-token'
import { forgetUser, requireInviteStore } from '../../auth/session'
import { parse, readJson, requireCloud } from '../../utils/request'

/** Takes the invite of the link that was opened. The real host does this while it resolves the session. */
export default defineEventHandler(async (event) => {
  requireCloud({ sync: false })
  const user = demoUserOf(event)
  if (!user) throw createError({ statusCode: 401, statusMessage: 'Unauthorized' })
  const { token } = parse(z.object({ token: z.string().min(1).max(4096) }), await readJson(event, 8192, 'Invalid invite request'), 'Invalid invite request')
  const content = readInvite(token, Math.floor(Date.now() / 1000))
  if (!content) throw createError({ statusCode: 400, statusMessage: 'This invite is not valid any more' })
  const store = requireInviteStore()
  const result = await store.acceptInviteAndProvisionUser({
    provider: useRuntimeConfig().auth.provider, providerUserId: user.id, email: emailOf(user), displayName: user.name,
    workspaceId: content.workspaceId, tokenHash: hashInvite(token),
  })
  if (result.ok) forgetUser(user.id)
  return result
})
