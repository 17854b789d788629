import { defineEventHandler, getRouterParam } from 'h3'
import { getWorkspaceAccessStore } from '../../../../admin/stores/registry'
import { openAdminRoute } from '../../../../utils/admin-route'

export default defineEventHandler(async (event) => {
  await openAdminRoute(event, { mutation: true })
  const workspaceId = getRouterParam(event, 'id') ?? ''
  await getWorkspaceAccessStore(event).restoreWorkspace({ workspaceId })
  return { ok: true }
})
