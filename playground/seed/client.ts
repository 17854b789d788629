import { setTimeout as delay } from 'node:timers/promises'
import type { PendingOp, PushOpResult, PushResult } from '../shared/sync/schemas'

const OPS_PER_REQUEST = 50
const MAX_WAITS = 10

export interface Seeded {
  readonly written: number
  readonly alreadyThere: number
  readonly refused: readonly PushOpResult[]
}

/** A client of the playground's host that writes as any other client does: through the push route. */
export class SeedClient {
  #cookie = ''

  constructor(private readonly url: string) {}

  /** Signs in and returns where the user is. Throws an Error in words for a person. */
  async signIn(user: string): Promise<{ workspaceId: string, workspaceName: string }> {
    const response = await this.#post('/api/demo/sign-in', { user })
    if (!response.ok) throw new Error(`The playground refused to sign in ${user}: ${response.statusText}`)
    this.#cookie = response.headers.getSetCookie().map(cookie => cookie.split(';')[0]).join('; ')
    const session = await fetch(new URL('/api/auth/session', this.url), { headers: { cookie: this.#cookie } })
    const answer = await session.json() as { session?: { workspace: { id: string, name: string } } | null }
    if (!answer.session) throw new Error(`The playground has no session for ${user}`)
    return { workspaceId: answer.session.workspace.id, workspaceName: answer.session.workspace.name }
  }

  /** Pushes in batches of 50, waits as long as the server asks, and tells what became of the ops. */
  async push(workspaceId: string, ops: readonly PendingOp[], onProgress: (sent: number) => void): Promise<Seeded> {
    const outcome = { written: 0, alreadyThere: 0, refused: [] as PushOpResult[] }
    let before = (await this.#pushBatch(workspaceId, [])).serverVersion
    for (let start = 0; start < ops.length; start += OPS_PER_REQUEST) {
      const { results, serverVersion } = await this.#pushBatch(workspaceId, ops.slice(start, start + OPS_PER_REQUEST))
      for (const result of results) {
        if (!result.success) outcome.refused.push(result)
        else if ((result.serverVersion ?? 0) > before) outcome.written += 1
        else outcome.alreadyThere += 1
      }
      before = Math.max(before, serverVersion)
      onProgress(Math.min(start + OPS_PER_REQUEST, ops.length))
    }
    return outcome
  }

  async #pushBatch(workspaceId: string, ops: readonly PendingOp[]): Promise<PushResult> {
    for (let waits = 0; ; waits++) {
      const response = await this.#post('/api/sync/push', { scope: { workspaceId }, ops })
      if (response.ok) return await response.json() as PushResult
      if (![429, 503].includes(response.status) || waits === MAX_WAITS) throw new Error(`The server refused the push: ${response.status} ${response.statusText}`)
      await delay(Number(response.headers.get('retry-after') ?? 1) * 1000)
    }
  }

  async #post(path: string, body: object): Promise<Response> {
    try {
      return await fetch(new URL(path, this.url), { method: 'POST', headers: { 'content-type': 'application/json', 'cookie': this.#cookie }, body: JSON.stringify(body) })
    }
    catch {
      throw new Error(`No playground answers at ${this.url}. Start it with \`npm start\`, or name another with --url.`)
    }
  }
}
