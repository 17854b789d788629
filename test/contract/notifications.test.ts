import { describe, expect, it } from 'vitest'
import { eventOf, op, pullAll, pushAs } from '../support/ops'
import { openTestProvider } from '../support/provider'
import { bootstrap } from '../support/snapshots'

async function withMember() {
  const hooks: [string, unknown][] = []
  const provider = await openTestProvider({ host: { snapshots: true, emitHook: (name, payload) => void hooks.push([name, payload.id]) } })
  const { userId } = await provider.workspaceStore.getOrCreateUser({ provider: 'demo', providerUserId: 'ada' })
  const { workspaceId } = await provider.workspaceStore.getOrCreateDefaultWorkspace(userId)
  return { ...provider, hooks, userId, workspaceId, event: eventOf(userId, workspaceId) }
}

describe('server-authored notifications', () => {
  it('travel the log like any write: pulled, snapshotted, marked as read, and told to hooks', async () => {
    const { notifications, syncGateway, userId, workspaceId, event, hooks, clock, close } = await withMember()
    await pushAs(syncGateway, event, workspaceId, op())
    const id = await notifications.emitBackgroundJobComplete(workspaceId, userId, 't1', 'job-1', 'm1')
    const { changes } = await pullAll(syncGateway, event, workspaceId, { cursor: 1 })
    const now = Math.floor(clock.now() / 1000)
    expect(changes).toEqual([{
      serverVersion: 2, tableName: 'notifications', pk: id, op: 'put',
      payload: {
        id, user_id: userId, type: 'ai.message.received', title: 'AI response ready', body: 'Your background response is ready.', thread_id: 't1',
        actions: [{ id: expect.any(String), label: 'Open chat', kind: 'navigate', target: { threadId: 't1' }, data: { jobId: 'job-1', messageId: 'm1' } }],
        deleted: false, created_at: now, updated_at: now, clock: 1,
      },
      stamp: { deviceId: 'server', opId: expect.any(String), clock: 1, hlc: expect.stringMatching(/^[0-9a-z]{9}:000:server00$/) },
    }])
    expect((await bootstrap(syncGateway, event, workspaceId, { tables: ['notifications'] })).items).toMatchObject([{ kind: 'row', pk: id }])
    const read = await pushAs(syncGateway, event, workspaceId, op({ table: 'notifications', pk: id ?? '', clock: 2, payload: { ...changes[0]?.payload, read_at: now, clock: 2 } }))
    expect(read.results[0]).toMatchObject({ applied: true })
    await close()
    expect(hooks).toContainEqual(['notify:action:push', id])
  })

  it('say what failed, briefly', async () => {
    const { notifications, syncGateway, userId, workspaceId, event } = await withMember()
    await notifications.emitBackgroundJobError(workspaceId, userId, 't1', 'job-1', 'x'.repeat(5000))
    await notifications.emitWebhookDeliveryFailed({ webhookId: 'w1', workspaceId, userId, eventType: 'message.created', attempt: 6, error: 'HTTP 500' })
    const payloads = (await pullAll(syncGateway, event, workspaceId)).changes.map(({ payload }) => payload)
    expect(payloads).toMatchObject([
      { type: 'ai.background.error', title: 'Background response failed', thread_id: 't1' },
      { type: 'webhook.delivery.failed', body: 'message.created after 6 attempts: HTTP 500', actions: [] },
    ])
    expect(String(payloads[0]?.body)).toHaveLength(300)
  })

  it('reach nobody who may not see the workspace', async () => {
    const { notifications, workspaceStore, syncGateway, userId, workspaceId, event } = await withMember()
    const { userId: eve } = await workspaceStore.getOrCreateUser({ provider: 'demo', providerUserId: 'eve' })
    expect(await notifications.emitBackgroundJobComplete(workspaceId, eve, 't1', 'j')).toBeNull()
    expect(await notifications.emitBackgroundJobComplete('nowhere', userId, 't1', 'j')).toBeNull()
    expect((await pullAll(syncGateway, event, workspaceId)).changes).toEqual([])
    await workspaceStore.removeWorkspace({ userId, workspaceId })
    expect(await notifications.emitBackgroundJobComplete(workspaceId, userId, 't1', 'j')).toBeNull()
  })
})
