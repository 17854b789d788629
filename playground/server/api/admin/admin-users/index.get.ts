import { defineEventHandler } from 'h3'
import { getAdminUserStore } from '../../../admin/stores/registry'
import { openAdminRoute } from '../../../utils/admin-route'

export default defineEventHandler(async (event) => {
  await openAdminRoute(event)
  return { admins: await getAdminUserStore(event).listAdmins() }
})
