import { describe, expect, it } from 'vitest'
import { openTestProvider } from '../support/provider'
import { count } from '../support/sql'

const config = { windowMs: 60_000, maxRequests: 3 }

describe('rate limits', () => {
  it('let exactly the number through, however many come at once', async () => {
    const { rateLimits } = await openTestProvider()
    const results = await Promise.all(Array.from({ length: 10 }, () => rateLimits.checkAndRecord('connect:start:1', config)))
    expect(results.filter(({ allowed }) => allowed)).toHaveLength(3)
    expect(results.slice(0, 3)).toEqual([{ allowed: true, remaining: 2 }, { allowed: true, remaining: 1 }, { allowed: true, remaining: 0 }])
    expect(results[9]).toEqual({ allowed: false, remaining: 0, retryAfterMs: 60_000 })
    expect(await rateLimits.checkAndRecord('connect:start:2', config)).toMatchObject({ allowed: true })
  })

  it('slide: no burst where two windows meet (R1), and a refusal does not count', async () => {
    const { rateLimits, clock } = await openTestProvider()
    await rateLimits.checkAndRecord('k', config)
    clock.advance(50_000)
    await rateLimits.checkAndRecord('k', config)
    await rateLimits.checkAndRecord('k', config)
    clock.advance(9_999)
    expect(await rateLimits.checkAndRecord('k', config)).toEqual({ allowed: false, remaining: 0, retryAfterMs: 1 })
    clock.advance(1)
    expect(await rateLimits.checkAndRecord('k', config)).toEqual({ allowed: true, remaining: 0 })
    expect(await rateLimits.checkAndRecord('k', config)).toEqual({ allowed: false, remaining: 0, retryAfterMs: 50_000 })
  })

  it('tell where a caller stands without counting', async () => {
    const { rateLimits, clock } = await openTestProvider()
    expect(await rateLimits.getStats('k', config)).toBeNull()
    await rateLimits.checkAndRecord('k', config)
    clock.advance(1000)
    for (let index = 0; index < 3; index++) expect(await rateLimits.getStats('k', config)).toEqual({ limit: 3, remaining: 2, resetMs: 59_000 })
  })

  it('are forgotten when their window is over (R1)', async () => {
    const { rateLimits, clock, engine, tidy } = await openTestProvider()
    for (let index = 0; index < 1200; index++) await rateLimits.checkAndRecord(`k${index}`, config)
    await tidy()
    expect(await count(engine, 'rate_limits')).toBe(1200)
    clock.advance(60_000)
    await rateLimits.checkAndRecord('young', config)
    await tidy()
    expect(await count(engine, 'rate_limits')).toBe(1)
  })

  it('hold for all providers on one file', async () => {
    const first = await openTestProvider()
    const second = await openTestProvider({ path: first.path, clock: first.clock })
    const results = await Promise.all(Array.from({ length: 8 }, (_, index) => (index % 2 ? first : second).rateLimits.checkAndRecord('k', config)))
    expect(results.filter(({ allowed }) => allowed)).toHaveLength(3)
  })

  it('refuse a limit that is none', async () => {
    const { rateLimits } = await openTestProvider()
    expect(await rateLimits.checkAndRecord('none', { windowMs: 1000, maxRequests: 0 })).toEqual({ allowed: false, remaining: 0, retryAfterMs: 1000 })
    for (const bad of [{ windowMs: 0, maxRequests: 1 }, { windowMs: Number.NaN, maxRequests: 1 }, { windowMs: 1, maxRequests: -1 }, { windowMs: 1, maxRequests: 1e9 }]) {
      await expect(rateLimits.checkAndRecord('k', bad)).rejects.toMatchObject({ statusCode: 400 })
    }
    await expect(rateLimits.checkAndRecord('', config)).rejects.toMatchObject({ statusCode: 400, message: expect.stringContaining('key') })
  })
})
