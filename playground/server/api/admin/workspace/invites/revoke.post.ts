import { defineEventHandler } from 'h3'
import * as z from 'zod'
import { requireInviteStore } from '../../../../auth/session'
import { openOwnerRoute } from '../../../../utils/admin-route'
import { parse, readJson } from '../../../../utils/request'

export default defineEventHandler(async (event) => {
  const session = await openOwnerRoute(event, { mutation: true })
  const { inviteId } = parse(z.object({ inviteId: z.string().min(1) }), await readJson(event, 8192, 'Invalid invite request'), 'Invalid invite request')
  const store = requireInviteStore()
  await store.revokeInvite({ workspaceId: session.workspace.id, inviteId, revokedByUserId: session.user.id })
  return { ok: true }
})
