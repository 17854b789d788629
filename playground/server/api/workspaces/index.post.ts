import { defineEventHandler } from 'h3'
import { openWorkspaceRoute, readWorkspace } from '../../utils/workspace-route'

export default defineEventHandler(async (event) => {
  const { session, store } = await openWorkspaceRoute(event)
  const { workspaceId } = await store.createWorkspace({ userId: session.user.id, ...await readWorkspace(event) })
  return { id: workspaceId }
})
