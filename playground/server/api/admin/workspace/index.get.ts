import { defineEventHandler } from 'h3'
import { getWorkspaceAccessStore, getWorkspaceSettingsStore } from '../../../admin/stores/registry'
import { openOwnerRoute } from '../../../utils/admin-route'

export default defineEventHandler(async (event) => {
  const { workspace: { id: workspaceId } } = await openOwnerRoute(event)
  const access = getWorkspaceAccessStore(event)
  const guestAccess = await getWorkspaceSettingsStore(event).get(workspaceId, 'admin.guest_access.enabled')
  return { workspace: await access.getWorkspace({ workspaceId }), members: await access.listMembers({ workspaceId }), guestAccessEnabled: guestAccess === 'true' }
})
