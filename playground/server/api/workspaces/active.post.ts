import { defineEventHandler } from 'h3'
import { forgetSession } from '../../auth/session'
import { readJson } from '../../utils/request'
import { openWorkspaceRoute, requireWorkspaceId } from '../../utils/workspace-route'

export default defineEventHandler(async (event) => {
  const { session, store } = await openWorkspaceRoute(event)
  const body = await readJson(event, 4096, 'Invalid workspace request')
  const workspaceId = requireWorkspaceId(typeof body === 'object' && body !== null && 'id' in body ? body.id : undefined)
  await store.setActiveWorkspace({ userId: session.user.id, workspaceId })
  forgetSession(session)
  return { ok: true }
})
