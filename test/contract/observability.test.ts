import { trace } from '@opentelemetry/api'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventOf, pushAs } from '../support/ops'
import { openTestProvider } from '../support/provider'
import { messageOp } from '../support/rows'

const WORKSPACE = 'w1'
const ada = eventOf('ada', WORKSPACE)
const scope = { workspaceId: WORKSPACE }
const TOKEN = 'a-token-of-the-scraper'

/** The value of a sample by its name and labels. */
function sample(text: string, name: string): number | undefined {
  const line = text.split('\n').find(each => each.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.split(' ')[1])
}

describe('metrics', () => {
  it('are none without a token', async () => {
    expect((await openTestProvider()).metrics).toBeUndefined()
  })

  it('count ops by what became of them, calls, pages, waits and collections, and name nobody', async () => {
    const provider = await openTestProvider({ env: { OR3_SQLITE_METRICS_TOKEN: TOKEN, OR3_SQLITE_BUSY_TIMEOUT_MS: '200' } })
    const { syncGateway, clock, path, metrics } = provider
    const put = messageOp({ clock: 5 })
    await pushAs(syncGateway, ada, WORKSPACE, put, messageOp({ pk: 'm2' }))
    await pushAs(syncGateway, ada, WORKSPACE, put, messageOp({ clock: 2 }), messageOp({ pk: 'm3', clock: -1 }))
    await syncGateway.pull(ada, { scope, cursor: 0, limit: 10 })
    await expect(syncGateway.pull(ada, { scope: { workspaceId: 'other' }, cursor: 0, limit: 10 })).rejects.toThrow()
    clock.advance(40 * 86_400_000)
    await syncGateway.gcChangeLog({}, { scope, retentionSeconds: 3600 })
    const other = new Database(path)
    other.exec('BEGIN IMMEDIATE')
    await expect(pushAs(syncGateway, ada, WORKSPACE, messageOp())).rejects.toMatchObject({ statusCode: 503 })
    other.close()

    const { type, body } = await metrics?.scrape() ?? { type: '', body: '' }
    expect(type).toContain('application/openmetrics-text')
    expect(body.endsWith('# EOF\n')).toBe(true)
    expect(['applied', 'lost', 'replayed', 'refused'].map(result => sample(body, `or3_sqlite_ops_total{result="${result}"}`))).toEqual([2, 1, 1, 1])
    expect(sample(body, 'or3_sqlite_call_seconds_count{call="push",outcome="ok"}')).toBe(2)
    expect(sample(body, 'or3_sqlite_call_seconds_count{call="push",outcome="503"}')).toBe(1)
    expect(sample(body, 'or3_sqlite_call_seconds_count{call="pull",outcome="403"}')).toBe(1)
    expect(sample(body, 'or3_sqlite_page_rows_sum{call="pull"}')).toBe(3)
    expect(sample(body, 'or3_sqlite_collected_entries_total')).toBe(1)
    expect(sample(body, 'or3_sqlite_backup_age_seconds'), 'there was none').toBeUndefined()
    expect(sample(body, 'or3_sqlite_busy_waits_total')).toBeGreaterThan(0)
    expect(sample(body, 'or3_sqlite_file_bytes')).toBeGreaterThan(100_000)
    for (const secret of [WORKSPACE, 'ada', 'm2', TOKEN]) expect(body).not.toContain(`"${secret}"`)
  })
})

describe('spans', () => {
  it('are made where the host has a tracer', async () => {
    const ended: { name: string, failed: boolean }[] = []
    const span = (name: string) => {
      const own = { name, failed: false }
      return { setStatus: () => (own.failed = true), end: () => ended.push(own) }
    }
    trace.setGlobalTracerProvider({
      getTracer: () => ({ startSpan: span, startActiveSpan: (name: string, work: (own: object) => unknown) => work(span(name)) }),
    } as never)
    onTestFinished(() => trace.disable())
    const { syncGateway } = await openTestProvider()
    await pushAs(syncGateway, ada, WORKSPACE, messageOp())
    await expect(syncGateway.pull(ada, { scope: { workspaceId: 'other' }, cursor: 0, limit: 1 })).rejects.toThrow()
    expect(ended).toEqual([{ name: 'or3.sync.push', failed: false }, { name: 'or3.sync.pull', failed: true }])
  })
})

describe('slow statements', () => {
  it('are logged where it is asked for, with their SQL and without what was bound to it', async () => {
    const { syncGateway, log } = await openTestProvider({ env: { OR3_SQLITE_SLOW_MS: '1' }, mayLog: /A statement took/ })
    const rows = Array.from({ length: 900 }, (_, index) => messageOp({ pk: `secret-${index}`, text: 'x'.repeat(2000) }))
    await syncGateway.push(ada, { scope, ops: rows })
    const slow = log.lines.filter(line => line.startsWith('warn A statement took'))
    expect(slow.join('\n')).toMatch(/\d+ ms: INSERT INTO/)
    expect(slow.join('\n')).not.toContain('secret-')
  })

  it('and every one, to find out what happens', async () => {
    const { syncGateway, log } = await openTestProvider({ env: { OR3_SQLITE_DEBUG_SQL: '1' }, mayLog: /SQL, / })
    await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: 'secret' }))
    const lines = log.lines.filter(line => line.startsWith('info SQL, '))
    expect(lines.join('\n')).toMatch(/BEGIN IMMEDIATE|INSERT INTO change_log/)
    expect(lines.join('\n')).not.toContain('secret')
  })
})
