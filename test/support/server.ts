import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { outsideTests } from './environment'
import { findLeak } from './leaks'
import { temporaryFolder } from './provider'

export interface RunningServer {
  readonly url: string
  readonly path: string
  readonly process: ChildProcess
  /** All that the server wrote to its console. */
  output(): string
  /** Ends the server in order and returns its exit code. */
  stop(): Promise<number | null>
}

export interface ServerOptions {
  /** The server's entry; the built playground's unless told otherwise. */
  entry?: string
  node?: string
  env?: Record<string, string>
  path?: string
  /** The host itself logs errors with their stacks, as Nitro does of those that a route lets through. */
  hostLogsErrors?: boolean
  /** A free one unless told otherwise. */
  port?: number
}

/** Starts a built server on a port of its own with a database of its own, without rate limits unless told otherwise. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const path = options.path ?? join(await temporaryFolder(), 'data', 'server.sqlite')
  const port = options.port ?? await freePort()
  const child = launch(options, { PORT: String(port), OR3_SQLITE_DB_PATH: path, DISABLE_RATE_LIMIT: '1', NUXT_AUTH_SESSION_CACHE_TTL_MS: '0', ...options.env })
  let output = ''
  child.stdout?.on('data', chunk => (output += String(chunk)))
  child.stderr?.on('data', chunk => (output += String(chunk)))
  const ended = once(child, 'close')
  const server: RunningServer = {
    url: `http://127.0.0.1:${port}`,
    path,
    process: child,
    output: () => output,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await ended
      return child.exitCode
    },
  }
  onTestFinished(async () => {
    await server.stop()
    const leak = options.hostLogsErrors ? undefined : findLeak(output)
    if (leak !== undefined) throw new Error(`the server's log holds ${leak}`)
  })
  await untilAnswering(server)
  return server
}

/** Runs a server that is expected to end by itself. Returns its exit code and what it wrote. */
export async function runToEnd(options: ServerOptions): Promise<{ code: number | null, output: string }> {
  const child = launch(options, { PORT: String(await freePort()), ...options.env })
  let output = ''
  child.stdout?.on('data', chunk => (output += String(chunk)))
  child.stderr?.on('data', chunk => (output += String(chunk)))
  await once(child, 'close')
  return { code: child.exitCode, output }
}

function launch({ entry = 'playground/.output/server/index.mjs', node = process.execPath }: ServerOptions, env: Record<string, string>): ChildProcess {
  return spawn(node, [resolve(entry)], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...outsideTests(), HOST: '127.0.0.1', ...env } })
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  await new Promise(settle => probe.close(settle))
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

const START_MS = 20_000

/** A server that is starting refuses connections: ask until it answers. */
async function untilAnswering(server: RunningServer): Promise<void> {
  const deadline = Date.now() + START_MS
  while (Date.now() < deadline && server.process.exitCode === null) {
    try {
      await fetch(new URL('/robots.txt', server.url))
      return
    }
    catch {
      await delay(50)
    }
  }
  throw new Error(`the server did not start: ${server.output()}`)
}

export interface Answer {
  status: number
  statusText: string
  headers: Headers
  body: unknown
}

/** A browser's worth of client: keeps its cookie. */
export class Client {
  #cookie = ''

  constructor(readonly url: string) {}

  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: { 'content-type': 'application/json', 'cookie': this.#cookie, ...headers },
      ...body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) },
    })
    const set = response.headers.getSetCookie().map(cookie => cookie.split(';')[0]).join('; ')
    if (set) this.#cookie = set
    const text = await response.text()
    return { status: response.status, statusText: response.statusText, headers: response.headers, body: text === '' ? undefined : parseJson(text) }
  }

  post(path: string, body?: unknown): Promise<Answer> {
    return this.send('POST', path, body)
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path)
  }

  async session(): Promise<{ user: { id: string }, workspace: { id: string, name: string }, role: string } | null> {
    const { body } = await this.get('/api/auth/session')
    return (body as { session: Awaited<ReturnType<Client['session']>> }).session
  }

  /** Signs in and returns the workspace. */
  async signIn(user: string): Promise<string> {
    const { status } = await this.post('/api/demo/sign-in', { user })
    const session = await this.session()
    if (status !== 200 || !session) throw new Error(`sign-in answered ${status}`)
    return session.workspace.id
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  }
  catch {
    return text
  }
}
