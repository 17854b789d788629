import { defineEventHandler } from 'h3'
import { openWorkspaceRoute } from '../../utils/workspace-route'

export default defineEventHandler(async (event) => {
  const { session, store } = await openWorkspaceRoute(event)
  const workspaces = await store.listUserWorkspaces(session.user.id)
  return {
    workspaces: workspaces
      .map(workspace => ({
        ...workspace,
        description: workspace.description ?? null,
        isActive: workspace.isActive ?? workspace.id === session.workspace.id,
      }))
      .sort((left, right) => (right.createdAt ?? 0) - (left.createdAt ?? 0)),
  }
})
