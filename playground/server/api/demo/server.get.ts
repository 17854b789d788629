import { defineEventHandler } from 'h3'
import { requireCan } from '../../auth/permissions'
import { requireCloud } from '../../utils/request'
import { readServerView } from '../../utils/server-view'

export default defineEventHandler(async (event) => {
  requireCloud({ sync: true })
  const session = await requireCan(event, 'workspace.read')
  return readServerView(session.workspace.id, session.user.id)
})
