import type { ChildProcess } from 'node:child_process'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Row } from './measure'
import { fill, makeOp, openProvider, row, withFolder } from './measure'

/* The built playground in a process of its own, asked over keep-alive connections from this one. */

const SERVER = 'playground/.output/server/index.mjs'
const ROUNDS = 3
const REQUESTS = 600
const CLIENTS = 4

/** Requests a second of 50 ops each, beside a route that reads, checks and answers the same body without the database. */
export async function measureHttpPush(): Promise<Row[]> {
  return withServer(async (server) => {
    const seen = { push: 0, floor: 0 }
    for (let round = 0; round < ROUNDS; round++) {
      seen.push = Math.max(seen.push, await requestsPerSecond(server, '/api/sync/push'))
      seen.floor = Math.max(seen.floor, await requestsPerSecond(server, '/api/demo/checked'))
    }
    return [row('http-push/50', 'requests/s', seen.push, seen.floor)]
  })
}

/** How long an unrelated request takes, idle and while one client bootstraps 100,000 rows and another pushes batches of 100. */
export async function measureLoop(): Promise<Row[]> {
  return withServer(async (server) => {
    const idle = await delays(server, 400)
    let loaded = true
    const load = Promise.all([bootstrapAgain(server, () => loaded), pushAgain(server, () => loaded)])
    const busy = await delays(server, 800)
    loaded = false
    await load
    return [row('loop/p50', 'ms', at(busy, 0.5), at(idle, 0.5)), row('loop/p99', 'ms', at(busy, 0.99), at(idle, 0.99))]
  }, 100_000)
}

/** The same pushes to four servers on one file, in turn, beside one server: on two cores four can be no faster, and must not collapse. */
export async function measureCluster(): Promise<Row[]> {
  return withServer(async (server) => {
    const alone = await requestsPerSecond(server, '/api/sync/push')
    const more = await Promise.all([1, 2, 3].map(() => another(server)))
    try {
      const together = await requestsPerSecond(server, '/api/sync/push', more.map(({ url }) => url))
      return [row('cluster/4', 'requests/s', together, alone)]
    }
    finally {
      for (const { child } of more) await stop(child)
    }
  })
}

async function another({ path, cookie }: Server): Promise<{ url: string, child: ChildProcess }> {
  const port = await freePort()
  const child = launch(path, port)
  const url = `http://127.0.0.1:${port}`
  await workspaceOf(url, cookie)
  return { url, child }
}

function launch(path: string, port: number): ChildProcess {
  return spawn(process.execPath, [SERVER], { env: { ...process.env, NODE_ENV: '', PORT: String(port), OR3_SQLITE_DB_PATH: path, DISABLE_RATE_LIMIT: '1' }, stdio: 'ignore' })
}

interface Server {
  readonly path: string
  readonly url: string
  readonly cookie: string
  readonly scope: { workspaceId: string }
}

async function withServer<Result>(work: (server: Server) => Promise<Result>, rows = 0): Promise<Result> {
  if (!existsSync(SERVER)) execFileSync('npx', ['nuxi', 'build', 'playground'], { stdio: ['ignore', 'ignore', 'inherit'] })
  return withFolder(async (folder) => {
    const path = join(folder, 'http.sqlite')
    const port = await freePort()
    const start = () => launch(path, port)
    let child = start()
    try {
      const url = `http://127.0.0.1:${port}`
      const cookie = 'or3_demo_user=ada'
      const scope = { workspaceId: await workspaceOf(url, cookie) }
      if (rows > 0) {
        await stop(child)
        const provider = await openProvider(path)
        await fill(provider, rows, scope.workspaceId)
        await provider.close()
        child = start()
        await workspaceOf(url, cookie)
      }
      return await work({ path, url, cookie, scope })
    }
    finally {
      await stop(child)
    }
  })
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'close')
  child.kill('SIGTERM')
  await ended
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  await new Promise(settle => probe.close(settle))
  return typeof address === 'object' && address ? address.port : 0
}

/** Asks until the server is up. */
async function workspaceOf(url: string, cookie: string): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      const response = await fetch(`${url}/api/auth/session`, { headers: { cookie } })
      const { session } = await response.json() as { session: { workspace: { id: string } } }
      return session.workspace.id
    }
    catch {
      await delay(50)
    }
  }
  throw new Error('the server did not start')
}

async function post(server: Server, path: string, body: string): Promise<Record<string, unknown>> {
  const response = await fetch(server.url + path, { method: 'POST', headers: { 'content-type': 'application/json', 'cookie': server.cookie }, body })
  if (!response.ok) throw new Error(`${path} answers ${response.status}`)
  return await response.json() as Record<string, unknown>
}

async function requestsPerSecond(server: Server, path: string, others: readonly string[] = []): Promise<number> {
  const bodies = Array.from({ length: REQUESTS }, () => JSON.stringify({ scope: server.scope, ops: Array.from({ length: 50 }, () => makeOp(randomUUID(), 1)) }))
  const started = performance.now()
  const urls = [server.url, ...others]
  await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => {
    const own = { ...server, url: urls[client % urls.length] ?? server.url }
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) await post(own, path, body)
  }))
  return REQUESTS / (performance.now() - started) * 1000
}

async function delays(server: Server, count: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/probe.mjs', `${server.url}/api/health`, String(count)])
  return (JSON.parse(stdout) as number[]).sort((left, right) => left - right)
}

function at(times: readonly number[], share: number): number {
  return times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
}

async function bootstrapAgain(server: Server, goOn: () => boolean): Promise<void> {
  let pageToken: unknown
  while (goOn()) {
    const page = await post(server, '/api/sync/snapshot', JSON.stringify({ scope: server.scope, pageSize: 300, ...typeof pageToken === 'string' ? { pageToken } : {} }))
    pageToken = page.nextPageToken
  }
}

async function pushAgain(server: Server, goOn: () => boolean): Promise<void> {
  while (goOn()) await post(server, '/api/sync/push', JSON.stringify({ scope: server.scope, ops: Array.from({ length: 100 }, () => makeOp(randomUUID(), 1)) }))
}
