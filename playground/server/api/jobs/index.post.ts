import { createError, defineEventHandler } from 'h3'
import * as z from 'zod'
import { requireCan } from '../../auth/permissions'
import { requireJobProvider } from '../../utils/job-route'
import { limitRate } from '../../utils/rate-limit'
import { parse, readJson, requireCloud } from '../../utils/request'

const schema = z.object({ threadId: z.string().min(1), messageId: z.string().min(1), prompt: z.string().min(1).max(20_000), idempotencyKey: z.string().min(1).max(200).exactOptional() })

/** Begins an answer on the server, where the real host would ask a model (`/api/openrouter/stream` with `_background`). */
export default defineEventHandler(async (event) => {
  requireCloud({ sync: false })
  const session = await requireCan(event, 'workspace.write')
  limitRate(event, `jobs:${session.user.id}`, 30)
  const { prompt, ...input } = parse(schema, await readJson(event, 65_536, 'Invalid job request'), 'Invalid job request')
  try {
    const jobId = await requireJobProvider().createJob({
      ...input, userId: session.user.id, model: 'playground',
      execution: { version: 1, body: { prompt }, workspaceId: session.workspace.id, referer: '', apiKeyCiphertext: 'none' },
    })
    return { jobId }
  }
  catch (error) {
    if (error instanceof Error && error.message.startsWith('Maximum concurrent')) throw createError({ statusCode: 429, statusMessage: error.message })
    throw error
  }
})
