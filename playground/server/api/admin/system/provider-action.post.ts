import { createError, defineEventHandler } from 'h3'
import * as z from 'zod'
import { useRuntimeConfig } from '#imports'
import { getProviderAdminAdapter } from '../../../admin/providers/registry'
import { openAdminRoute } from '../../../utils/admin-route'
import { parse, readJson } from '../../../utils/request'

const schema = z.object({ kind: z.enum(['auth', 'sync', 'storage']), actionId: z.string().min(1), payload: z.unknown().optional() })

export default defineEventHandler(async (event) => {
  const session = await openAdminRoute(event, { mutation: true })
  const { kind, actionId, payload } = parse(schema, await readJson(event, 8192, 'Invalid action request'), 'Invalid action request')
  const { sync } = useRuntimeConfig()
  const adapter = getProviderAdminAdapter(kind, sync.provider)
  if (!adapter?.runAction) throw createError({ statusCode: 501, statusMessage: 'Action not supported' })
  return { ok: true, result: await adapter.runAction(event, actionId, payload, { provider: sync.provider, enabled: sync.enabled, session }) }
})
