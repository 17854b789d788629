import { describe, expect, it } from 'vitest'
import type { NewWebhook, WebhookDeliveryLog } from '../../src/runtime/server/host/webhook-contract'
import type { TestProvider } from '../support/provider'
import { openTestProvider } from '../support/provider'
import { count } from '../support/sql'

const base: NewWebhook = {
  scope: 'user', user_id: 'ada', workspace_id: 'ws-1', url: 'https://a.test/hook', label: 'Mine', events: ['message.created', 'thread.created'],
  custom_hooks: [], signing_secret_enc: 'enc', enabled: true,
}
const admin: NewWebhook = { ...base, scope: 'admin', user_id: null, workspace_id: null, custom_hooks: ['x:action:b', 'x:action:a'] }

function delivery(webhook_id: string, extra: Partial<WebhookDeliveryLog> = {}): Omit<WebhookDeliveryLog, 'id'> {
  return {
    webhook_id, event_id: 'e1', event_type: 'message.created', attempt: 1, status: 'pending', claimed_by: null, claimed_at: null, http_status: null,
    error_message: null, request_payload: '{}', response_body: null, duration_ms: null, next_retry_at: null, created_at: 1000, ...extra,
  }
}

async function withWebhook(): Promise<TestProvider & { id: string }> {
  const provider = await openTestProvider()
  return { ...provider, id: (await provider.webhookStore.createWebhook(base)).id }
}

describe('webhooks', () => {
  it('are kept with unknown health and told by id', async () => {
    const { webhookStore, clock } = await openTestProvider()
    const created = await webhookStore.createWebhook(base)
    expect(created).toEqual({ ...base, id: expect.any(String), health: 'unknown', created_at: clock.now(), updated_at: clock.now() })
    expect(await webhookStore.getWebhook(created.id)).toEqual(created)
    expect(await webhookStore.getWebhook('nope')).toBeNull()
  })

  it('keep what a patch leaves undefined, take null, and lose their health with their address (W1)', async () => {
    const { webhookStore, clock, id } = await withWebhook()
    await webhookStore.updateWebhookHealth(id, 'healthy')
    clock.advance(5)
    const patched = await webhookStore.updateWebhook(id, { url: undefined, label: undefined, events: undefined, enabled: false })
    expect(patched).toMatchObject({ url: base.url, label: 'Mine', events: base.events, enabled: false, health: 'healthy', updated_at: clock.now() })
    expect(await webhookStore.updateWebhook(id, { url: base.url })).toMatchObject({ health: 'healthy' })
    expect(await webhookStore.updateWebhook(id, { url: 'https://b.test', workspace_id: null })).toMatchObject({ workspace_id: null, health: 'unknown' })
    expect(await webhookStore.getWebhook(id)).toMatchObject({ url: 'https://b.test', enabled: false })
    await expect(webhookStore.updateWebhook('nope', { label: 'x' })).rejects.toMatchObject({ statusCode: 404, message: 'Webhook not found: nope' })
    await expect(webhookStore.updateWebhook(id, { url: '' })).rejects.toMatchObject({ statusCode: 400 })
  })

  it('are listed by who they belong to, newest first', async () => {
    const { webhookStore, clock } = await openTestProvider()
    for (const webhook of [base, { ...base, label: 'Second' }, { ...base, user_id: 'bob' }, { ...base, workspace_id: 'ws-2' }, admin, { ...admin, label: 'Other' }]) {
      clock.advance(1)
      await webhookStore.createWebhook(webhook)
    }
    expect((await webhookStore.listWebhooks('ada', 'ws-1')).map(({ label }) => label)).toEqual(['Second', 'Mine'])
    expect((await webhookStore.listAdminWebhooks()).map(({ label }) => label)).toEqual(['Other', 'Mine'])
  })

  it('are found by event within their scope', async () => {
    const { webhookStore } = await openTestProvider()
    const mine = await webhookStore.createWebhook(base)
    await webhookStore.createWebhook({ ...base, enabled: false })
    await webhookStore.createWebhook({ ...base, events: ['message.created.not'] })
    const everywhere = await webhookStore.createWebhook(admin)
    const here = await webhookStore.createWebhook({ ...admin, workspace_id: 'ws-1' })
    const ids = async (...query: Parameters<typeof webhookStore.listWebhooksByEvent>) => (await webhookStore.listWebhooksByEvent(...query)).map(({ id }) => id).sort()
    expect(await ids('message.created', 'user', 'ws-1')).toEqual([mine.id])
    expect(await ids('message.created', 'user', 'ws-2')).toEqual([])
    expect(await ids('message.created', 'user')).toEqual([])
    expect(await ids('message.created', 'admin', 'ws-1')).toEqual([everywhere.id, here.id].sort())
    expect(await ids('message.created', 'admin', 'ws-2')).toEqual([everywhere.id])
    expect(await ids('message.created', 'admin')).toEqual([everywhere.id])
    expect(await ids('message', 'admin')).toEqual([])
  })

  it('of admins name the custom hooks to listen to', async () => {
    const { webhookStore } = await openTestProvider()
    const first = await webhookStore.createWebhook(admin)
    await webhookStore.createWebhook({ ...admin, custom_hooks: ['x:action:a', 'y:filter:c'] })
    await webhookStore.createWebhook({ ...admin, custom_hooks: ['off:action:x'], enabled: false })
    await webhookStore.createWebhook({ ...base, custom_hooks: ['user:action:x'] })
    expect(await webhookStore.listActiveCustomHookNames()).toEqual(['x:action:a', 'x:action:b', 'y:filter:c'])
    expect((await webhookStore.listWebhooksByCustomHook('x:action:b')).map(({ id }) => id)).toEqual([first.id])
    expect(await webhookStore.listWebhooksByCustomHook('user:action:x')).toEqual([])
  })

  it('of a user are switched off together, and nobody else\'s', async () => {
    const { webhookStore } = await openTestProvider()
    for (const webhook of [base, base, { ...base, enabled: false }, { ...base, workspace_id: 'ws-2' }, admin, { ...base, user_id: 'bob' }, { ...base, scope: 'admin' as const }]) await webhookStore.createWebhook(webhook)
    expect(await webhookStore.disableAllWebhooks('ada', 'ws-1')).toBe(2)
    expect(await webhookStore.disableAllWebhooks('ada', 'ws-1')).toBe(0)
    expect((await webhookStore.listWebhooks('ada', 'ws-2'))[0]?.enabled).toBe(true)
    expect((await webhookStore.listAdminWebhooks()).map(({ enabled }) => enabled)).toEqual([true, true])
    expect(await webhookStore.listWebhooks('bob', 'ws-1')).toMatchObject([{ enabled: true }])
    expect(await webhookStore.listWebhooks('ada', 'ws-1'), 'not the admin\'s, though it names the same user').toHaveLength(3)
  })
})

describe('deliveries', () => {
  it('go to one worker each, the longest waiting first, when they are due', async () => {
    const { webhookStore, clock, id } = await withWebhook()
    const now = clock.now()
    const log = async (name: string, extra: Partial<WebhookDeliveryLog>) => webhookStore.createDeliveryLog(delivery(id, { event_id: name, ...extra }))
    await log('third', { created_at: 3000 })
    await log('second', { created_at: 9000, next_retry_at: 2000 })
    await log('first', { created_at: 1000 })
    await log('edge', { created_at: 500, next_retry_at: now })
    await log('later', { created_at: 1, next_retry_at: now + 1 })
    await log('manual', { status: 'in_flight', claimed_by: 'manual:test', claimed_at: now })
    await log('limited', { status: 'cancelled' })
    const claimed = await Promise.all(['a', 'b', 'c'].map(worker => webhookStore.claimPendingDeliveries(worker, 2)))
    expect(claimed.map(list => list.map(({ event_id }) => event_id))).toEqual([['first', 'second'], ['third', 'edge'], []])
    expect(claimed[0]?.[0]).toMatchObject({ status: 'in_flight', claimed_by: 'a', claimed_at: now })
    clock.advance(1)
    expect((await webhookStore.claimPendingDeliveries('a', 5)).map(({ event_id }) => event_id)).toEqual(['later'])
    expect(await webhookStore.claimPendingDeliveries('a', 0)).toEqual([])
  })

  it('end their claim with any other status, clear what is null and keep what is undefined', async () => {
    const { webhookStore, id } = await withWebhook()
    const { id: log } = await webhookStore.createDeliveryLog(delivery(id))
    await webhookStore.claimPendingDeliveries('a', 1)
    await webhookStore.updateDeliveryLog(log, { http_status: 200, response_body: 'ok', duration_ms: undefined })
    expect((await webhookStore.getDeliveryLogs(id, 0))[0]).toMatchObject({ status: 'in_flight', claimed_by: 'a', http_status: 200 })
    await webhookStore.updateDeliveryLog(log, { status: 'pending', attempt: 2, next_retry_at: 77, response_body: null })
    expect((await webhookStore.getDeliveryLogs(id, 0))[0]).toMatchObject({ status: 'pending', claimed_by: null, claimed_at: null, attempt: 2, next_retry_at: 77, response_body: null, http_status: 200 })
  })

  it('of a webhook that vanished are quietly nothing (W3)', async () => {
    const { webhookStore, engine, id } = await withWebhook()
    const { id: log } = await webhookStore.createDeliveryLog(delivery(id))
    await webhookStore.claimPendingDeliveries('a', 1)
    expect(await webhookStore.cancelDeliveriesByWebhook(id)).toBe(1)
    expect((await webhookStore.getDeliveryLogs(id, 0))[0]).toMatchObject({ status: 'cancelled', claimed_by: null, next_retry_at: null })
    await webhookStore.updateDeliveryLog(log, { status: 'pending', next_retry_at: 1 })
    expect(await webhookStore.claimPendingDeliveries('b', 5), 'what was cancelled is not tried again').toEqual([])
    await webhookStore.deleteWebhook(id)
    expect(await count(engine, 'webhook_deliveries')).toBe(0)
    await webhookStore.updateDeliveryLog(log, { status: 'success' })
    await webhookStore.createDeliveryLog(delivery(id))
    expect(await count(engine, 'webhook_deliveries')).toBe(0)
  })

  it('left in flight too long come back, with their attempts', async () => {
    const { webhookStore, clock, id } = await withWebhook()
    await webhookStore.createDeliveryLog(delivery(id, { attempt: 3 }))
    await webhookStore.claimPendingDeliveries('a', 1)
    clock.advance(1000)
    expect(await webhookStore.resetStaleInFlightDeliveries(1000)).toBe(0)
    clock.advance(1)
    expect(await webhookStore.resetStaleInFlightDeliveries(1000)).toBe(1)
    expect(await webhookStore.claimPendingDeliveries('b', 1)).toMatchObject([{ attempt: 3, claimed_by: 'b' }])
    await webhookStore.createDeliveryLog(delivery(id, { event_id: 'unclaimed', status: 'in_flight' }))
    expect(await webhookStore.resetStaleInFlightDeliveries(1), 'one that nobody ever claimed').toBe(1)
  })

  it('are told newest first, and the ended ones for health', async () => {
    const { webhookStore, id } = await withWebhook()
    for (const [index, status] of (['success', 'failed', 'cancelled', 'pending', 'success', 'failed'] as const).entries()) await webhookStore.createDeliveryLog(delivery(id, { status, created_at: index }))
    expect((await webhookStore.getDeliveryLogs(id, 2)).map(({ created_at }) => created_at)).toEqual([5, 4, 3, 2])
    for (let index = 0; index < 510; index++) await webhookStore.createDeliveryLog(delivery(id, { status: 'cancelled', created_at: 100 + index }))
    expect((await webhookStore.getDeliveryLogs(id, 0)).map(({ created_at }) => created_at), 'a page at most').toEqual(Array.from({ length: 500 }, (_, index) => 609 - index))
    expect((await webhookStore.getRecentTerminalDeliveries(id, 3)).map(({ created_at }) => created_at)).toEqual([5, 4, 1])
  })

  it('are purged when they have ended and are old, however many (W4)', async () => {
    const { webhookStore, engine, id } = await withWebhook()
    for (let index = 0; index < 510; index++) await webhookStore.createDeliveryLog(delivery(id, { status: 'success', created_at: 1 }))
    for (const status of ['pending', 'in_flight', 'failed', 'cancelled'] as const) await webhookStore.createDeliveryLog(delivery(id, { status, created_at: 1 }))
    await webhookStore.createDeliveryLog(delivery(id, { status: 'success', created_at: 1000 }))
    expect(await webhookStore.purgeExpiredLogs(1000)).toBe(512)
    expect(await count(engine, 'webhook_deliveries')).toBe(3)
    expect(await webhookStore.deleteDeliveryLogsByWebhook(id)).toBe(3)
  })

  it('can be asked for before the database is open (W5)', async () => {
    const { path } = await openTestProvider()
    const { startProvider } = await import('../../src/runtime/server/provider')
    const { readConfig } = await import('../../src/runtime/server/config')
    const provider = startProvider(readConfig({ OR3_SQLITE_DB_PATH: path }), { log: { info: () => {}, warn: () => {}, error: () => {} } })
    const claimed = provider.webhookStore.claimPendingDeliveries('a', 25)
    const names = provider.webhookStore.listActiveCustomHookNames()
    expect([await claimed, await names]).toEqual([[], []])
    await provider.close()
  })
})
