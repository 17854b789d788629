import type { RateLimitConfig } from '../host/jobs-contract'

/** The requests of a window, oldest first, in milliseconds. */
export type Hits = readonly number[]

/**
 * What still counts: requests within the window before `now`. One that seems to lie ahead, because the
 * clock was set back, counts as of now, so that nobody is shut out for longer than a window.
 */
export function within(hits: Hits, now: number, windowMs: number): Hits {
  return hits.filter(hit => hit > now - windowMs).map(hit => Math.min(hit, now))
}

export interface Decision {
  readonly allowed: boolean
  readonly remaining: number
  /** Milliseconds until one more is allowed; undefined where it is. */
  readonly retryAfterMs: number | undefined
  /** What to remember; a refused request does not count. */
  readonly hits: Hits
}

/** Sliding window: at most `maxRequests` in any `windowMs`, with no burst where two windows meet (trap R1). */
export function decide(hits: Hits, now: number, { windowMs, maxRequests }: RateLimitConfig): Decision {
  const counted = within(hits, now, windowMs)
  if (counted.length < maxRequests) {
    return { allowed: true, remaining: maxRequests - counted.length - 1, retryAfterMs: undefined, hits: [...counted, now] }
  }
  const freed = counted.at(-maxRequests) ?? now
  return { allowed: false, remaining: 0, retryAfterMs: Math.max(1, freed + windowMs - now), hits: counted }
}

/** Where a caller stands, without counting anything. `resetMs`: until all of it is free again. */
export function standing(hits: Hits, now: number, { windowMs, maxRequests }: RateLimitConfig): { limit: number, remaining: number, resetMs: number } {
  const counted = within(hits, now, windowMs)
  const last = counted.at(-1)
  return { limit: maxRequests, remaining: Math.max(0, maxRequests - counted.length), resetMs: last === undefined ? 0 : last + windowMs - now }
}
