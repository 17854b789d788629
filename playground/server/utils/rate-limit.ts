import type { H3Event } from 'h3'
import { createError, setResponseHeader } from 'h3'
import { isProduction } from './environment'

const WINDOW_MS = 60_000
const MAX_KEYS = 10_000
const hits = new Map<string, number[]>()

/**
 * At most `limit` calls a minute for one key, in a window that slides. Throws 429 with Retry-After.
 * DISABLE_RATE_LIMIT=1 turns it off for load tests, never with NODE_ENV=production.
 */
export function limitRate(event: H3Event, key: string, limit: number, message?: string): void {
  if (isOff()) return
  const now = Date.now()
  const recent = (hits.get(key) ?? []).filter(time => time > now - WINDOW_MS)
  const oldest = recent[0]
  if (recent.length >= limit && oldest !== undefined) {
    const seconds = Math.max(1, Math.ceil((oldest + WINDOW_MS - now) / 1000))
    setResponseHeader(event, 'Retry-After', seconds)
    throw createError({ statusCode: 429, statusMessage: message ?? `Rate limit exceeded. Retry after ${seconds}s` })
  }
  if (hits.size >= MAX_KEYS) hits.clear()
  hits.set(key, [...recent, now])
  setResponseHeader(event, 'X-RateLimit-Limit', String(limit))
  setResponseHeader(event, 'X-RateLimit-Remaining', String(limit - recent.length - 1))
}

function isOff(): boolean {
  return globalThis.process.env['DISABLE_RATE_LIMIT'] === '1' && !isProduction()
}
