import { defineEventHandler } from 'h3'
import * as z from 'zod'
import { getWorkspaceAccessStore } from '../../../../admin/stores/registry'
import { openOwnerRoute } from '../../../../utils/admin-route'
import { parse, readJson } from '../../../../utils/request'

const schema = z.object({ userId: z.string().min(1), role: z.enum(['owner', 'editor', 'viewer']) })

export default defineEventHandler(async (event) => {
  const session = await openOwnerRoute(event, { mutation: true })
  const input = parse(schema, await readJson(event, 8192, 'Invalid member request'), 'Invalid member request')
  await getWorkspaceAccessStore(event).setMemberRole({ workspaceId: session.workspace.id, ...input })
  return { ok: true }
})
