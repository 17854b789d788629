import { createError } from 'h3'
import { DatabaseError } from '../engine/errors'
import { isRecord } from '../input'

/** What a client is told to wait before it tries again, in seconds. */
const RETRY_AFTER_SECONDS = 2

/** A refusal with the status the host's routes pass on. The text is for people and holds nothing secret. */
export function refusal(statusCode: 400 | 401 | 403 | 404 | 409 | 410 | 413, statusMessage: string): Error {
  // A status line takes printable ASCII; a refusal may quote what it refuses.
  return createError({ statusCode, statusMessage: statusMessage.replaceAll(/[^\x20-\x7E]/g, '?').slice(0, 200), message: statusMessage })
}

/**
 * Lets the result of a store through to the host, and errors as the host needs them. `translate` turns
 * the store's own refusals into h3 errors. Database trouble becomes 503, because a client that gets one
 * keeps its writes and comes back, where a 500 makes the February client drop them after four tries
 * (trap S13). The database's own error stays behind: its cause may name a file.
 */
export async function answer<Result>(work: Promise<Result>, translate: (error: unknown) => unknown, event: object = {}): Promise<Result> {
  try {
    return await work
  }
  catch (error) {
    if (!(error instanceof DatabaseError)) throw translate(error)
    if (!error.retryable) throw createError({ statusCode: 500, statusMessage: 'Database error', message: error.message })
    adviseRetry(event)
    throw createError({ statusCode: 503, statusMessage: 'Database unavailable', message: error.message })
  }
}

/** Sets Retry-After where the event is a real request; the host's maintenance plugin passes a bare `{}`. */
function adviseRetry(event: object): void {
  const response: unknown = 'node' in event && isRecord(event.node) ? event.node.res : undefined
  if (isRecord(response) && typeof response.setHeader === 'function' && response.headersSent !== true) {
    response.setHeader('Retry-After', String(RETRY_AFTER_SECONDS))
  }
}
