import { createHash, timingSafeEqual } from 'node:crypto'
import { createError, defineEventHandler, getHeader, setHeader } from 'h3'
import { currentProvider } from './shared'

/**
 * A route that answers a scraper in OpenMetrics text. A host opts in with a file of its own, such as
 * `server/routes/metrics.get.ts`: `export { default } from 'or3-provider-sqlite/metrics'`, and with
 * OR3_SQLITE_METRICS_TOKEN, which the scraper sends as a bearer token. 404 without one, 401 with a wrong one,
 * 503 while the database is away.
 */
export default defineEventHandler(async (event) => {
  const metrics = currentProvider()?.metrics
  if (!metrics) throw createError({ statusCode: 404, statusMessage: 'Not Found' })
  if (!isSame(getHeader(event, 'authorization') ?? '', `Bearer ${metrics.token}`)) throw createError({ statusCode: 401, statusMessage: 'Unauthorized' })
  try {
    const scraped = await metrics.scrape()
    if (scraped) {
      setHeader(event, 'content-type', scraped.type)
      setHeader(event, 'cache-control', 'no-store')
      return scraped.body
    }
  }
  catch {
    // Said below: the reason is the log's.
  }
  throw createError({ statusCode: 503, statusMessage: 'Metrics unavailable' })
})

/** In a time that does not tell how much of it was right. */
function isSame(given: string, wanted: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(wanted))
}
