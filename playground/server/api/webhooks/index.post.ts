import { randomBytes } from 'node:crypto'
import { createError, defineEventHandler } from 'h3'
import * as z from 'zod'
import { parse, readJson } from '../../utils/request'
import { openWebhookRoute, publicWebhook } from '../../utils/webhook-route'
import { EVENTS } from '../../utils/webhooks/runtime'

const MAX_PER_USER = 20
const schema = z.object({
  url: z.url({ protocol: /^https?$/ }).max(2048),
  label: z.string().max(200).default(''),
  events: z.array(z.enum(Object.values(EVENTS))).min(1),
})

/** The secret is told once. The playground keeps it as it is, where the real host encrypts it. */
export default defineEventHandler(async (event) => {
  const { session, store } = await openWebhookRoute(event)
  const input = parse(schema, await readJson(event, 16_384, 'Invalid webhook request'), 'Invalid webhook request')
  const mine = await store.listWebhooks(session.user.id, session.workspace.id)
  if (mine.length >= MAX_PER_USER) throw createError({ statusCode: 400, statusMessage: 'Webhook limit exceeded' })
  const signing_secret = randomBytes(24).toString('base64url')
  const webhook = await store.createWebhook({
    ...input, scope: 'user', user_id: session.user.id, workspace_id: session.workspace.id, custom_hooks: [], signing_secret_enc: signing_secret, enabled: true,
  })
  return { webhook: publicWebhook(webhook), signing_secret }
})
