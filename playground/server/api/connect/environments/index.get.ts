import { defineEventHandler } from 'h3'
import { requireCan } from '../../../auth/permissions'
import { openConnectRoute } from '../../../connect/pairing'
import { requireConnectStore } from '../../../connect/store/registry'

export default defineEventHandler(async (event) => {
  const session = await requireCan(event, 'workspace.read')
  await openConnectRoute(event, 'status', session.user.id, 60)
  const environments = await requireConnectStore().listEnvironments({ userId: session.user.id, workspaceId: session.workspace.id })
  return { environments: environments.map(({ id, name, platform, hostname, activation_claimed_at }) => ({ id, name, platform, hostname, online: activation_claimed_at !== undefined })) }
})
