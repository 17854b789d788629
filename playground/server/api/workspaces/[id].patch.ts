import { defineEventHandler, getRouterParam } from 'h3'
import { openWorkspaceRoute, readWorkspace, requireWorkspaceId } from '../../utils/workspace-route'

export default defineEventHandler(async (event) => {
  const { session, store } = await openWorkspaceRoute(event)
  const workspaceId = requireWorkspaceId(getRouterParam(event, 'id'))
  await store.updateWorkspace({ userId: session.user.id, workspaceId, ...await readWorkspace(event) })
  return { ok: true }
})
