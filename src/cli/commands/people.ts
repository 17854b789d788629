import { systemClock } from '../../runtime/server/clock'
import type { Engine } from '../../runtime/server/engine/engine'
import { createAdminStores } from '../../runtime/server/admin/stores'

/** The stores of the admin pages, which check what they are asked for. */
export function storesOf(engine: Engine) {
  const stores = createAdminStores({ engine, clock: systemClock })
  return { access: stores.createWorkspaceAccessStore(), admins: stores.createAdminUserStore() }
}
