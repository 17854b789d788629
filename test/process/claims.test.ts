import { expect, it } from 'vitest'
import { openTestProvider } from '../support/provider'
import { startWorker } from '../support/start-worker'

interface Report {
  jobs: string[]
  deliveries: string[]
  environments: string[]
  invites: string[]
  hits: number
  bytes: number
}

const T = 1_000_000

it('several processes get each job, delivery, computer and invite once, and overrun no limit', async () => {
  const provider = await openTestProvider({ host: { snapshots: true, getJobConfig: () => ({ maxConcurrentJobs: 100, maxConcurrentJobsPerUser: 100 }) } })
  const { workspaceStore, webhookStore, connectStore, jobs, clock, path } = provider
  clock.time = Date.now()
  const { userId } = await workspaceStore.getOrCreateUser({ provider: 'demo', providerUserId: 'ada' })
  const { workspaceId } = await workspaceStore.createWorkspace({ userId, name: 'Team' })
  const webhook = await webhookStore.createWebhook({ scope: 'user', user_id: userId, workspace_id: workspaceId, url: 'https://a.test', label: '', events: ['x'], custom_hooks: [], signing_secret_enc: 'e', enabled: true })
  for (let index = 0; index < 40; index++) {
    await jobs.createJob({ userId, threadId: 't', messageId: 'm', model: 'x', execution: { index } })
    await webhookStore.createDeliveryLog({
      webhook_id: webhook.id, event_id: `${index}`, event_type: 'x', attempt: 1, status: 'pending', claimed_by: null, claimed_at: null, http_status: null, error_message: null,
      request_payload: '{}', response_body: null, duration_ms: null, next_retry_at: null, created_at: index,
    })
    await connectStore.createAuthorization({ deviceCodeHash: `d${index}`, userCodeHash: `u${index}`, host: {}, expiresAt: T + 1, now: T })
    const authorization = await connectStore.getAuthorizationByUserHash(`u${index}`, T)
    await connectStore.reserveAuthorization({
      authorizationId: authorization?._id ?? '', userId, workspaceId, environment: { name: 'pc', access_credential_ciphertext: 'a' }, limitPolicy: { scope: 'account', maxActiveEnvironments: 100 },
      claimToken: 'first', claimUntil: T, provisioningDeadlineAt: T, activationDeadlineAt: T, authorizationExpiresAt: T, now: T,
    })
    await workspaceStore.createInvite({ workspaceId, email: 'bob@example.test', role: 'viewer', invitedByUserId: userId, expiresAt: 9_999_999_999, tokenHash: `hash-${index}` })
  }
  await provider.close()

  const workers = ['p1', 'p2', 'p3', 'p4'].map(name => startWorker<Report>('test/process/claim-worker.ts', path, name, workspaceId))
  for (let time = 1; time <= 12; time++) {
    await Promise.all(workers.map(worker => worker.ready(time)))
    for (const worker of workers) worker.go()
  }
  const reports = await Promise.all(workers.map(worker => worker.report))
  for (const what of ['jobs', 'deliveries', 'environments', 'invites'] as const) {
    const got = reports.flatMap(report => report[what])
    expect(got, what).toHaveLength(40)
    expect(new Set(got).size, what).toBe(40)
    if (what !== 'invites') expect(reports.filter(report => report[what].length > 0).length, `${what} were shared out`).toBeGreaterThan(1)
  }
  expect(reports.reduce((sum, { hits }) => sum + hits, 0)).toBe(100)
  expect(reports.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(500)
})
