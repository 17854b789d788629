import { defineEventHandler } from 'h3'
import * as z from 'zod'
import { useRuntimeConfig } from '#imports'
import { hashInvite, signInvite } from '../../../../auth/invite-token'
import { requireInviteStore } from '../../../../auth/session'
import { openOwnerRoute } from '../../../../utils/admin-route'
import { parse, readJson } from '../../../../utils/request'

const schema = z.object({
  email: z.string().trim().toLowerCase().min(3).max(320),
  role: z.enum(['owner', 'editor', 'viewer']).default('viewer'),
  expiresInSeconds: z.int().min(60).max(2_592_000).optional(),
})

export default defineEventHandler(async (event) => {
  const session = await openOwnerRoute(event, { mutation: true })
  const { email, role, expiresInSeconds } = parse(schema, await readJson(event, 8192, 'Invalid invite request'), 'Invalid invite request')
  const store = requireInviteStore()
  const expiresAt = Math.floor(Date.now() / 1000) + (expiresInSeconds ?? useRuntimeConfig().auth.invite.tokenTtlSeconds)
  const workspaceId = session.workspace.id
  const token = signInvite({ workspaceId, email, exp: expiresAt })
  const { inviteId } = await store.createInvite({ workspaceId, email, role, invitedByUserId: session.user.id, expiresAt, tokenHash: hashInvite(token) })
  return { ok: true, invite: { id: inviteId, email, role, expiresAt, token, inviteUrl: `/?invite=${encodeURIComponent(token)}` } }
})
