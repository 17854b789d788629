import { describe, expect, it } from 'vitest'
import { decide, standing } from '../../../src/runtime/server/rate-limit/window'

const config = { windowMs: 100, maxRequests: 2 }

describe('the window', () => {
  it('never holds more than allowed in any stretch of its length', () => {
    let hits: readonly number[] = []
    const allowed: number[] = []
    let seed = 7
    for (let now = 0; now < 5000; now += seed % 23) {
      seed = (seed * 48_271) % 2_147_483_647
      const decision = decide(hits, now, config)
      hits = decision.hits
      if (decision.allowed) allowed.push(now)
      else expect(decide(hits, now + (decision.retryAfterMs ?? 0), config).allowed, 'the wait it names is enough').toBe(true)
    }
    for (const start of allowed) expect(allowed.filter(hit => hit >= start && hit < start + config.windowMs).length).toBeLessThanOrEqual(config.maxRequests)
    expect(allowed.length).toBeGreaterThan(80)
  })

  it('shuts nobody out for longer than itself when the clock is set back', () => {
    const ahead = [1_000_000, 1_000_001]
    const refused = decide(ahead, 500, config)
    expect(refused).toMatchObject({ allowed: false, retryAfterMs: 100 })
    expect(decide(refused.hits, 600, config).allowed).toBe(true)
  })

  it('counts by a lowered limit at once', () => {
    expect(decide([1, 2, 3, 4], 50, config)).toMatchObject({ allowed: false, retryAfterMs: 53 })
    expect(standing([1, 2, 3, 4], 50, config)).toEqual({ limit: 2, remaining: 0, resetMs: 54 })
  })
})
