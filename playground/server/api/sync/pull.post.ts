import { defineEventHandler } from 'h3'
import { requireCan } from '../../auth/permissions'
import { checkPullResponse } from '../../../shared/sync/check-response'
import { pullRequestSchema } from '../../../shared/sync/schemas'
import { limitRate } from '../../utils/rate-limit'
import { isFebruaryHost, parse, readJson, requireCloud } from '../../utils/request'
import { checked, MIB, requireGateway } from '../../utils/sync-route'

export default defineEventHandler(async (event) => {
  requireCloud({ sync: true })
  const february = isFebruaryHost()
  const request = parse(pullRequestSchema, await readJson(event, february ? MIB : 8 * 1024, 'Invalid pull request'), 'Invalid pull request')
  const session = await requireCan(event, 'workspace.read', request.scope.workspaceId)
  limitRate(event, `pull:${session.user.id}`, 120)
  const response = await requireGateway().pull(event, request)
  return february ? response : checked(() => checkPullResponse(response, request.cursor))
})
