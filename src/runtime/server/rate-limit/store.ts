import type { Clock } from '../clock'
import type { Engine, Plan, Reading } from '../engine/engine'
import { ask, countChanged, prepared } from '../engine/engine'
import { answer, refusal } from '../host/errors'
import type { RateLimitConfig, RateLimitProvider } from '../host/jobs-contract'
import { anything, fields, withShapes } from '../host/shapes'
import { isText } from '../input'
import type { Decision, Hits } from './window'
import { decide, standing } from './window'

const LIMIT = { key: anything, config: fields({}) }
const MAX_KEY_LENGTH = 1024
/** Beyond this the list of requests itself would be the load. */
const MAX_REQUESTS = 10_000

const find = prepared<{ hits_json: string }>('SELECT hits_json FROM rate_limits WHERE key = ?')
const save = prepared<never>(`
  INSERT INTO rate_limits (key, hits_json, expires_at) VALUES (?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET hits_json = excluded.hits_json, expires_at = excluded.expires_at`)
const drop = prepared<{ key: string }>(`
  DELETE FROM rate_limits WHERE key IN (SELECT key FROM rate_limits WHERE expires_at <= ? LIMIT ?) RETURNING key`)

/** The host's rate limits (contract §2.5), the same for all processes on the file. Times are milliseconds. */
export function createRateLimits({ engine, clock }: { engine: Engine, clock: Clock }): RateLimitProvider {
  return withShapes<RateLimitProvider>({
    name: 'sqlite',

    /** Tests and counts in one transaction. Throws 400 for a limit that is none. */
    async checkAndRecord(key, config) {
      demandLimit(key, config)
      const { allowed, remaining, retryAfterMs } = await answer(record(engine, key, clock.now(), config), error => error)
      return { allowed, remaining, ...retryAfterMs === undefined ? {} : { retryAfterMs } }
    },

    async getStats(key, config) {
      demandLimit(key, config)
      const [row] = await answer(engine.all(find(key)), error => error)
      return row ? standing(hitsOf(row), clock.now(), config) : null
    },
  }, { checkAndRecord: LIMIT, getStats: LIMIT })
}

/** Forgets keys whose window is over. Returns their number. */
export async function dropExpiredLimits(engine: Engine, nowMs: number, limit = 500): Promise<number> {
  return countChanged(engine, drop(nowMs, limit))
}

async function record(engine: Engine, key: string, now: number, config: RateLimitConfig): Promise<Decision> {
  return engine.write(function* (): Reading<Plan<Decision>> {
    const [row] = yield* ask(find(key))
    const decision = decide(row ? hitsOf(row) : [], now, config)
    if (!decision.allowed) return { writes: [], result: decision }
    return { writes: [save(key, JSON.stringify(decision.hits), now + config.windowMs)], result: decision }
  })
}

function hitsOf(row: { readonly hits_json: string }): Hits {
  return JSON.parse(row.hits_json) as Hits
}

function demandLimit(key: unknown, { windowMs, maxRequests }: RateLimitConfig): void {
  if (!isText(key, MAX_KEY_LENGTH)) throw refusal(400, `key must be 1 to ${MAX_KEY_LENGTH} characters of valid text`)
  if (!Number.isSafeInteger(windowMs) || windowMs <= 0) throw refusal(400, 'windowMs must be a whole number above 0')
  if (!Number.isSafeInteger(maxRequests) || maxRequests < 0 || maxRequests > MAX_REQUESTS) throw refusal(400, `maxRequests must be a whole number from 0 to ${MAX_REQUESTS}`)
}
