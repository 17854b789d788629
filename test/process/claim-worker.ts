import { readConfig } from '../../src/runtime/server/config'
import { startProvider } from '../../src/runtime/server/provider'

/* One of several processes that want the same things at the same time; says what it got. */

const [path = '', name = '', workspaceId = ''] = process.argv.slice(2)
const silent = { info: () => {}, warn: () => {}, error: (message: string) => process.stderr.write(`${message}\n`) }
const NOW = 1_000_000_000_000
const ROUNDS = 60
const ROUNDS_AT_ONCE = 5

async function main(): Promise<void> {
  const provider = startProvider(readConfig({ OR3_SQLITE_DB_PATH: path }), { log: silent, host: { snapshots: true } })
  await provider.started
  const { jobs, webhookStore, connectStore, rateLimits, workspaceStore, syncGateway } = provider
  const got = { jobs: [] as string[], deliveries: [] as string[], environments: [] as string[], invites: [] as string[], hits: 0, bytes: 0 }
  for (let round = 0; round < ROUNDS; round++) {
    // All begin each few rounds together, so that none can have everything before the others are awake.
    if (round % ROUNDS_AT_ONCE === 0) await theWordToGo()
    const job = await jobs.claimNextJob(name, NOW, NOW + 1000)
    if (job) got.jobs.push(job.id)
    got.deliveries.push(...(await webhookStore.claimPendingDeliveries(name, 1)).map(({ id }) => id))
    const environment = await connectStore.claimNextEnvironmentLifecycle(`${name}-${round}`, NOW, NOW + 1000)
    if (environment) got.environments.push(environment.id)
    if ((await rateLimits.checkAndRecord('shared', { windowMs: 3_600_000, maxRequests: 100 })).allowed) got.hits += 1
    const invite = `hash-${round}`
    const accepted = await workspaceStore.acceptInviteAndProvisionUser({ provider: 'demo', providerUserId: `${name}-${round}`, email: 'bob@example.test', workspaceId, tokenHash: invite })
    if (accepted.ok) got.invites.push(invite)
    const reserved = await syncGateway.reserveUploadIntent({}, {
      intentId: `${name}-${round}`, workspaceId, hash: `${name}-${round}`, mimeType: 'x/y', sizeBytes: 10, expiresAt: 9_999_999_999, workspaceQuotaBytes: 500,
    }).then(() => true, (error: { statusCode?: number }) => error.statusCode === 413 ? false : Promise.reject(error as Error))
    if (reserved) got.bytes += 10
  }
  await provider.close()
  process.stdout.write(JSON.stringify(got))
}

async function theWordToGo(): Promise<void> {
  process.stdout.write('ready\n')
  process.stdin.ref()
  await new Promise(settle => process.stdin.once('data', settle))
  process.stdin.unref()
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exitCode = 1
})
