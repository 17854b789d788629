import type { PendingOp, PullResponse, PushResult, SnapshotResponse } from '../../shared/sync/schemas'

const TIMEOUT_MS = 30_000

/** The server did not take the request this time; the device keeps its writes and comes back. */
export class DeferredError extends Error {
  constructor(readonly status: number, readonly retryAfterMs: number) {
    super(status === 0 ? 'The server cannot be reached' : `The server answers ${status}`)
  }
}

/** The server will never take this request as it is. */
export class RefusedError extends Error {
  constructor(readonly status: number, message: string) {
    super(message)
  }
}

/** What a device needs of a server. Each may throw {@link DeferredError} or {@link RefusedError}. */
export interface SyncServer {
  push(ops: readonly PendingOp[]): Promise<PushResult>
  pull(cursor: number, limit: number, tables: readonly string[]): Promise<PullResponse>
  /** One page of everything; undefined where the host has no snapshots. */
  snapshot(pageSize: number, pageToken: string | undefined): Promise<SnapshotResponse | undefined>
  updateCursor(deviceId: string, version: number): Promise<unknown>
}

/** The host's sync routes for one workspace. */
export class Transport implements SyncServer {
  constructor(private readonly workspaceId: string) {}

  push(ops: readonly PendingOp[]): Promise<PushResult> {
    return this.#post('/api/sync/push', { ops })
  }

  pull(cursor: number, limit: number, tables: readonly string[]): Promise<PullResponse> {
    return this.#post('/api/sync/pull', { cursor, limit, tables })
  }

  async snapshot(pageSize: number, pageToken: string | undefined): Promise<SnapshotResponse | undefined> {
    try {
      return await this.#post<SnapshotResponse>('/api/sync/snapshot', { pageSize, ...pageToken === undefined ? {} : { pageToken } })
    }
    catch (error) {
      // The host of February has no such route.
      if (error instanceof DeferredError && error.status === 404) return undefined
      throw error
    }
  }

  updateCursor(deviceId: string, version: number): Promise<unknown> {
    return this.#post('/api/sync/update-cursor', { deviceId, version })
  }

  async #post<Answer>(path: string, body: object): Promise<Answer> {
    const { response, text } = await this.#send(path, JSON.stringify({ scope: { workspaceId: this.workspaceId }, ...body }))
    if (response.ok) return JSON.parse(text) as Answer
    // Only these two speak of the request itself. Anything else may pass: an outage, a limit, a session that
    // ended, a route that is away during an upgrade. Writes are never given up for it.
    if (response.status === 400 || response.status === 413) throw new RefusedError(response.status, response.statusText)
    throw new DeferredError(response.status, secondsOf(response.headers.get('retry-after')) * 1000)
  }

  /** A connection that died without a word, as in a sleeping laptop, counts as unreachable after a while. */
  async #send(path: string, body: string): Promise<{ response: Response, text: string }> {
    try {
      const response = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: AbortSignal.timeout(TIMEOUT_MS) })
      return { response, text: await response.text() }
    }
    catch {
      throw new DeferredError(0, 0)
    }
  }
}

/** Retry-After in seconds, an hour at most; a date, which hosts do not send, counts as none. */
function secondsOf(retryAfter: string | null): number {
  const seconds = Number(retryAfter ?? 0)
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 3600) : 0
}
