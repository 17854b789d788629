import { expect, it } from 'vitest'
import { openTestProvider } from '../support/provider'

/* What models and other servers say may hold anything, and nobody's work may be lost for it. */
const WORDS = 'done\0 \uD83D and more'
const KEPT = 'done\uFFFD \uFFFD and more'

it('an answer of a model is kept, whatever is in it', async () => {
  const { jobs } = await openTestProvider()
  const input = { userId: 'ada', threadId: 't', messageId: 'm', model: 'x' }
  const id = await jobs.createJob(input)
  await jobs.updateJob(id, { contentChunk: WORDS, chunksReceived: 1 })
  expect((await jobs.getJob(id, 'ada'))?.content).toBe(KEPT)
  await jobs.completeJob(id, WORDS)
  expect(await jobs.getJob(id, 'ada')).toMatchObject({ status: 'complete', content: KEPT })
  const failed = await jobs.createJob({ ...input, messageId: 'm2' })
  await jobs.failJob(failed, WORDS)
  expect(await jobs.getJob(failed, 'ada')).toMatchObject({ status: 'error', error: KEPT })
})

it('a delivery that was made is noted as made, whatever was answered to it', async () => {
  const { webhookStore, clock } = await openTestProvider()
  const { id: webhook_id } = await webhookStore.createWebhook({ scope: 'admin', user_id: null, workspace_id: null, url: 'https://a.test', label: '', events: ['x'], custom_hooks: [], signing_secret_enc: 'e', enabled: true })
  const log = await webhookStore.createDeliveryLog({
    webhook_id, event_id: 'e', event_type: 'x', attempt: 1, status: 'pending', claimed_by: null, claimed_at: null, http_status: null, error_message: null, request_payload: '{}',
    response_body: null, duration_ms: null, next_retry_at: null, created_at: clock.now(),
  })
  await webhookStore.updateDeliveryLog(log.id, { status: 'success', http_status: 200, response_body: WORDS, error_message: WORDS })
  expect(await webhookStore.getDeliveryLogs(webhook_id, 0)).toMatchObject([{ status: 'success', response_body: KEPT, error_message: KEPT }])
})
