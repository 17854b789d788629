import { defineEventHandler, getRouterParam } from 'h3'
import { forgetSession } from '../../auth/session'
import { openWorkspaceRoute, requireWorkspaceId } from '../../utils/workspace-route'

export default defineEventHandler(async (event) => {
  const { session, store } = await openWorkspaceRoute(event)
  await store.removeWorkspace({ userId: session.user.id, workspaceId: requireWorkspaceId(getRouterParam(event, 'id')) })
  forgetSession(session)
  return { ok: true }
})
