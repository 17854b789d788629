import { createError, defineEventHandler, getRouterParam } from 'h3'
import { getWorkspaceAccessStore } from '../../../../admin/stores/registry'
import { openAdminRoute } from '../../../../utils/admin-route'

export default defineEventHandler(async (event) => {
  await openAdminRoute(event)
  const workspaceId = getRouterParam(event, 'id') ?? ''
  const store = getWorkspaceAccessStore(event)
  const workspace = await store.getWorkspace({ workspaceId })
  if (!workspace) throw createError({ statusCode: 404, statusMessage: 'Workspace not found' })
  return { workspace, members: await store.listMembers({ workspaceId }) }
})
