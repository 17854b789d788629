import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { outsideTests } from '../support/environment'
import { messageOp } from '../support/rows'
import { Client, startServer } from '../support/server'

/*
 * The package as a host gets it: packed, installed outside this repository beside a Nuxt of its own, built
 * into hosts of two ages and served from their build output alone.
 */

let home = ''
let listing: string[] = []

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'or3-hosts-'))
  const root = resolve('.')
  npm(root, 'run', 'build')
  const packed = JSON.parse(npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', home)) as { filename: string, files: { path: string }[] }[]
  const [tarball] = packed
  if (!tarball) throw new Error('npm pack made nothing')
  listing = tarball.files.map(file => file.path)
  await cp('test/fixtures/hosts', home, { recursive: true })
  // August's host is February's with the registries that came in between.
  await cp(join(home, 'february'), join(home, 'august'), { recursive: true, force: false })
  const { devDependencies } = JSON.parse(await readFile('package.json', 'utf8')) as { devDependencies: Record<string, string> }
  await writeFile(join(home, 'package.json'), JSON.stringify({
    name: 'hosts',
    private: true,
    type: 'module',
    dependencies: { 'nuxt': devDependencies.nuxt, 'or3-provider-sqlite': `file:${tarball.filename}` },
  }))
  npm(home, 'install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error')
})

afterAll(() => rm(home, { recursive: true, force: true }))

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 * 1024 * 1024 }).toString()
}

function build(age: string): string {
  return execFileSync(process.execPath, [join(home, 'node_modules/nuxt/bin/nuxt.mjs'), 'build'], { cwd: join(home, age), env: { ...outsideTests(), NUXT_TELEMETRY_DISABLED: '1' }, stdio: 'pipe' }).toString()
}

/** Calls what the host got from the package, as its routes would. */
class Roles {
  constructor(private readonly client: Client) {}

  async call(role: string, method: string, ...args: unknown[]): Promise<unknown> {
    const { status, body } = await this.client.post(`/api/call/${role}/${method}`, { args })
    if (status !== 200) throw new Error(`${role}.${method}: ${status}`)
    return (body as { result: unknown }).result
  }
}

async function useRolesOfBothAges(roles: Roles): Promise<void> {
  const user = await roles.call('workspaces', 'getUser', { provider: 'fixture', providerUserId: 'ada' }) as { userId: string }
  const [workspace] = await roles.call('workspaces', 'listUserWorkspaces', user.userId) as [{ id: string }]
  expect(await roles.call('access', 'listMembers', { workspaceId: workspace.id })).toEqual([{ userId: user.userId, role: 'owner' }])
  await roles.call('settings', 'set', workspace.id, 'plugins.enabled', '[]')
  expect(await roles.call('settings', 'get', workspace.id, 'plugins.enabled')).toBe('[]')
  await roles.call('admins', 'grantAdmin', { userId: user.userId })
  expect(await roles.call('checker', 'checkDeploymentAdmin', 'ada', 'fixture')).toBe(true)
  expect(await roles.call('adapter', 'getStatus', { enabled: true, provider: 'sqlite' })).toMatchObject({ warnings: [], details: { driver: 'better-sqlite3' } })
  const job = { userId: user.userId, threadId: 't', messageId: 'm', model: 'x' }
  expect([await roles.call('jobs', 'createJob', job), await roles.call('jobs', 'createJob', job)]).toHaveLength(2)
  await expect(roles.call('jobs', 'createJob', job), 'the cap of the host\'s own getJobConfig').rejects.toThrow('500')
  expect(await roles.call('limits', 'checkAndRecord', 'k', { windowMs: 1000, maxRequests: 1 })).toEqual({ allowed: true, remaining: 0 })
  const notification = await roles.call('notifications', 'emitBackgroundJobComplete', workspace.id, user.userId, 't', 'j')
  const note = expect.objectContaining({ tableName: 'notifications', pk: notification }) as unknown
  expect(await roles.call('gateway', 'pull', { scope: { workspaceId: workspace.id }, cursor: 0, limit: 10 })).not.toMatchObject({ changes: expect.arrayContaining([note]) as unknown })
}

async function refuseWhatIsMissing(roles: Roles): Promise<void> {
  for (const role of ['webhooks', 'connect']) await expect(roles.call(role, 'anything')).rejects.toThrow('501')
  expect(await roles.call('gateway', 'getMaintenanceState')).toMatchObject({ enabled: false })
}

async function useRolesOfAugust(roles: Roles): Promise<void> {
  expect(await roles.call('gateway', 'getMaintenanceState')).toMatchObject({ enabled: true })
  const webhook = { scope: 'admin', user_id: null, workspace_id: null, url: 'https://a.test', label: '', events: ['x'], custom_hooks: [], signing_secret_enc: 'e', enabled: true }
  expect(await roles.call('webhooks', 'createWebhook', webhook)).toMatchObject({ health: 'unknown' })
  await roles.call('connect', 'createAuthorization', { deviceCodeHash: 'd', userCodeHash: 'u', host: { name: 'pc' }, expiresAt: 2000, now: 1000 })
  expect(await roles.call('connect', 'getAuthorizationByUserHash', 'u', 1000)).toMatchObject({ status: 'pending' })
  expect(await roles.call('connectRoute', 'reserve', NO_PAIRING), 'the host\'s own class of error').toEqual({ refused: 'authorization_unavailable' })
  expect(await roles.call('hooks', 'emitted')).toEqual(['db.messages.create:action:after', 'notify:action:push'])
}

const TOKEN = 'the-token-of-the-scraper'
const NO_PAIRING = {
  authorizationId: 'nope', userId: 'u', workspaceId: 'w', limitPolicy: { scope: 'account', maxActiveEnvironments: 1 }, environment: { name: 'pc', access_credential_ciphertext: 'c' },
  claimToken: 'c', claimUntil: 2, provisioningDeadlineAt: 2, activationDeadlineAt: 2, authorizationExpiresAt: 2, now: 1,
}

async function showMetrics({ url }: { url: string }): Promise<void> {
  const ask = (token?: string) => fetch(`${url}/metrics`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
  expect([(await ask()).status, (await ask(`${TOKEN}x`)).status]).toEqual([401, 401])
  const answer = await ask(TOKEN)
  expect(answer.headers.get('content-type')).toContain('openmetrics')
  expect(await answer.text()).toMatch(/or3_sqlite_ops_total\{result="applied"\} [1-9]/)
}

describe('the packed package', () => {
  it('holds what a host needs and nothing else', () => {
    expect(listing).toEqual(expect.arrayContaining(['dist/module.mjs', 'dist/types.d.mts', 'dist/runtime/server/plugin.js', 'migrations/sqlite/001_init.up.sql', 'README.md', 'LICENSE', 'CHANGELOG.md']))
    expect(listing.filter(path => !/^(?:dist|migrations|docs)\/|^(?:README\.md|LICENSE|CHANGELOG\.md|package\.json)$/.test(path))).toEqual([])
  })

  it('brings no Node.js to its users', () => {
    const names = npm(home, 'ls', '--all', '--parseable').split('\n').map(path => path.slice(path.lastIndexOf('node_modules/')))
    expect(names.filter(name => /node_modules\/node(?:-bin)?-(?:linux|darwin|win)/.test(name))).toEqual([])
  })

  it.each([
    ['february', 'This host has no registry for: webhook store, Connect store. The provider leaves these roles out.'],
    ['august', undefined],
  ])('builds in a host of %s and serves push and pull', async (age, line) => {
    const output = build(age)
    if (line === undefined) expect(output).not.toContain('has no registry for')
    else expect(output).toContain(line)

    const served = join(home, `${age}-served`)
    await cp(join(home, age, '.output'), served, { recursive: true })
    const server = await startServer({ entry: join(served, 'server/index.mjs'), env: { OR3_SQLITE_METRICS_TOKEN: TOKEN }, hostLogsErrors: true })
    const client = new Client(server.url)
    const put = messageOp()
    expect(await client.post('/api/push', { ops: [put] })).toMatchObject({ status: 200, body: { serverVersion: 1, results: [{ success: true, applied: true }] } })
    expect(await client.post('/api/pull', { cursor: 0, limit: 10 })).toMatchObject({ status: 200, body: { changes: [{ pk: put.pk, payload: put.payload }] } })
    const roles = new Roles(client)
    await useRolesOfBothAges(roles)
    if (age === 'february') await refuseWhatIsMissing(roles)
    else await useRolesOfAugust(roles)
    await showMetrics(server)
    expect((await client.post('/api/task', { name: 'or3-sqlite:collect' })).body).toEqual({ result: '0 log entries went.' })
    expect((await client.post('/api/task', { name: 'or3-sqlite:backup' })).body).toEqual({ result: 'done' })
    const backups = readdirSync(dirname(server.path)).filter(name => name.includes('.backup-'))
    expect(backups).toHaveLength(1)
    expect(await server.stop()).toBe(0)
    expect(execFileSync(join(home, 'node_modules/.bin/or3-provider-sqlite'), ['verify', '--db', join(dirname(server.path), backups[0] ?? '')]).toString()).toBe('✔ The database is sound.\n')
  })

  it('opens no file in a host without auth', async () => {
    const server = await startServer({ entry: join(home, 'august-served', 'server/index.mjs'), env: { NUXT_AUTH_ENABLED: 'false', OR3_SQLITE_DB_PATH: '' } })
    expect(await server.stop()).toBe(0)
  })
})
