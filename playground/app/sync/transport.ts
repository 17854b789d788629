import type { PendingOp, PullResponse, PushResult } from '../../shared/sync/schemas'

/** The server could not take the request now; the device keeps its writes and comes back. */
export class DeferredError extends Error {
  constructor(readonly status: number, readonly retryAfterMs: number) {
    super(`The server answers ${status}`)
  }
}

/** The server will never take this request as it is. */
export class RefusedError extends Error {
  constructor(readonly status: number, message: string) {
    super(message)
  }
}

/** The host's sync routes for one workspace. Throws {@link DeferredError} and {@link RefusedError}. */
export class Transport {
  constructor(private readonly workspaceId: string) {}

  push(ops: readonly PendingOp[]): Promise<PushResult> {
    return this.#post('/api/sync/push', { ops })
  }

  pull(cursor: number, limit: number, tables: readonly string[]): Promise<PullResponse> {
    return this.#post('/api/sync/pull', { cursor, limit, tables })
  }

  updateCursor(deviceId: string, version: number): Promise<unknown> {
    return this.#post('/api/sync/update-cursor', { deviceId, version })
  }

  async #post<Answer>(path: string, body: object): Promise<Answer> {
    const response = await this.#send(path, JSON.stringify({ scope: { workspaceId: this.workspaceId }, ...body }))
    if (response.ok) return await response.json() as Answer
    // A session that ended or moved (401, 403) is deferred too: the writes belong to the user, not to the session.
    if (response.status >= 500 || [401, 403, 429].includes(response.status)) {
      throw new DeferredError(response.status, Number(response.headers.get('retry-after') ?? 0) * 1000)
    }
    throw new RefusedError(response.status, response.statusText)
  }

  async #send(path: string, body: string): Promise<Response> {
    try {
      return await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    }
    catch {
      throw new DeferredError(0, 0)
    }
  }
}
