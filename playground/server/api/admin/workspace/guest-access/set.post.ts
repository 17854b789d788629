import { defineEventHandler } from 'h3'
import * as z from 'zod'
import { getWorkspaceSettingsStore } from '../../../../admin/stores/registry'
import { openOwnerRoute } from '../../../../utils/admin-route'
import { parse, readJson } from '../../../../utils/request'

export default defineEventHandler(async (event) => {
  const session = await openOwnerRoute(event, { mutation: true })
  const { enabled } = parse(z.object({ enabled: z.boolean() }), await readJson(event, 8192, 'Invalid settings request'), 'Invalid settings request')
  await getWorkspaceSettingsStore(event).set(session.workspace.id, 'admin.guest_access.enabled', String(enabled))
  return { ok: true }
})
