import { describe, expect, it } from 'vitest'
import type { PendingOp, SnapshotItem } from '../../src/runtime/server/host/contract'
import { compareRevision } from '../../src/runtime/server/sync/revision'
import { MAX_OPEN_SNAPSHOTS, SNAPSHOT_TABLES, SNAPSHOT_TTL_SECONDS } from '../../src/runtime/server/sync/snapshot'
import { eventOf, op, pullAll, pushAs, revisionOf } from '../support/ops'
import type { TestOptions } from '../support/provider'
import { openTestProvider } from '../support/provider'
import { messageOp, threadOp } from '../support/rows'
import { bootstrap, stateOf } from '../support/snapshots'
import { count, select } from '../support/sql'

const WORKSPACE = 'ws-1'
const scope = { workspaceId: WORKSPACE }
const ada = eventOf('ada', WORKSPACE)
const grace = eventOf('grace', WORKSPACE)

const open = (options: TestOptions = {}) => openTestProvider({ host: { snapshots: true }, ...options })

function note(pk: string, title = 'Hello', owner = 'ada'): PendingOp {
  return op({ table: 'notifications', pk, payload: { id: pk, user_id: owner, type: 't', title, deleted: false, created_at: 1, updated_at: 1, clock: 1 } })
}

async function withMessages(rows: number) {
  const provider = await open()
  const ops = Array.from({ length: rows }, (_, index) => messageOp({ pk: `m${String(index).padStart(5, '0')}` }))
  for (let start = 0; start < rows; start += 500) await pushAs(provider.syncGateway, ada, WORKSPACE, ...ops.slice(start, start + 500))
  return { ...provider, ops }
}

describe('a snapshot', () => {
  it('is what the host\'s conformance check demands: the live row, the tombstone and the watermark', async () => {
    const { syncGateway, engine, clock } = await open()
    clock.time = 1_001_000
    const live = messageOp({ pk: 'live', clock: 3, hlc: '1000-0-a' })
    await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: 'live', clock: 1, hlc: '1' }), messageOp({ pk: 'live', clock: 2, hlc: '1' }), live)
    const remove = messageOp({ pk: 'dead', clock: 4, hlc: '1000-0-b', operation: 'delete' })
    await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: 'dead', clock: 1, hlc: '1' }), messageOp({ pk: 'dead', clock: 2, hlc: '1' }), messageOp({ pk: 'dead', clock: 3, hlc: '1' }), remove)
    expect(await syncGateway.snapshot(ada, { scope, pageSize: 100 })).toEqual({
      workspaceId: WORKSPACE, snapshotId: expect.any(String), highWatermark: 7, nextPageToken: null,
      items: [
        { kind: 'tombstone', tableName: 'messages', pk: 'dead', revision: revisionOf(remove), serverDeletedAt: 1001 },
        { kind: 'row', tableName: 'messages', pk: 'live', payload: live.payload, revision: revisionOf(live) },
      ],
    })
    expect(await count(engine, 'snapshots'), 'a snapshot of one page is not kept').toBe(0)
    expect(syncGateway.capabilities).toEqual({ snapshotBootstrap: 'snapshot-v1', historyRetention: 'snapshot-v1' })
  })

  it('is empty for an empty workspace, and declared only where the host has snapshots', async () => {
    const { syncGateway } = await openTestProvider()
    expect(syncGateway.capabilities).toBeUndefined()
    expect(await bootstrap(syncGateway, ada, WORKSPACE)).toMatchObject({ items: [], pages: 1, watermark: 0 })
  })

  it.each([1, 7, 100, 300])('pages through everything once, by %i, each token new', async (pageSize) => {
    const { syncGateway, ops } = await withMessages(310)
    const { items, tokens, pages } = await bootstrap(syncGateway, ada, WORKSPACE, { pageSize })
    expect(items.map(item => item.pk)).toEqual(ops.map(({ pk }) => pk))
    expect(pages).toBe(Math.ceil(310 / pageSize))
    expect(new Set(tokens).size).toBe(tokens.length)
  })

  it('shows one version, whatever is pushed between its pages', async () => {
    const { syncGateway, engine } = await open()
    const keys = Array.from({ length: 30 }, (_, index) => `k${String(index).padStart(2, '0')}`)
    const put = (pk: string, clock: number, text: string) => messageOp({ pk, clock, text })
    await pushAs(syncGateway, ada, WORKSPACE, threadOp(), ...keys.map(pk => put(pk, 1, 'old')))
    await pushAs(syncGateway, ada, WORKSPACE, ...keys.slice(20).map(pk => messageOp({ pk, clock: 2, operation: 'delete' })))
    const before = stateOf((await bootstrap(syncGateway, ada, WORKSPACE)).items)
    let clock = 2
    const others: { nextPageToken?: string | null, highWatermark?: number, items: SnapshotItem[], watermark?: number }[] = []
    const { items, watermark } = await bootstrap(syncGateway, ada, WORKSPACE, {
      pageSize: 3,
      between: async () => {
        clock += 1
        // Updates, deletes, rows brought back, new rows, losers, and a second open snapshot.
        await pushAs(syncGateway, ada, WORKSPACE,
          ...keys.slice(0, 8).map(pk => put(pk, clock, `new ${clock}`)),
          ...keys.slice(8, 14).map(pk => messageOp({ pk, clock, operation: clock % 2 ? 'delete' : 'put', text: `again ${clock}` })),
          ...keys.slice(20, 25).map(pk => messageOp({ pk, clock, operation: clock % 2 ? 'put' : 'delete', text: `back ${clock}` })),
          put(keys[15] ?? '', 0, 'too late'), put(`k00-new-${clock}`, 1, 'new'), threadOp({ clock, title: `Talk ${clock}` }))
        others.push(await syncGateway.snapshot(grace, { scope, pageSize: 2 }), await bootstrap(syncGateway, {}, WORKSPACE))
      },
    })
    expect(stateOf(items)).toEqual(before)
    expect(watermark).toBe(41)
    expect(new Set(items.map(item => `${item.tableName}/${item.pk}`)).size).toBe(items.length)

    // Those that were opened on the way and read to their end now show the version each began with.
    for (let index = others.length - 16; index < others.length; index += 2) {
      const [opened, whole] = [others[index], others[index + 1]]
      const rest = await bootstrap(syncGateway, grace, WORKSPACE, { pageToken: opened?.nextPageToken ?? '' })
      expect(opened?.highWatermark).toBe(whole?.watermark)
      expect([...opened?.items ?? [], ...rest.items]).toEqual(whole?.items)
    }

    // Taken with the changes after its watermark it is what a snapshot taken now shows.
    const now = await bootstrap(syncGateway, ada, WORKSPACE)
    const held = new Map<string, { revision: ReturnType<typeof revisionOf>, live: boolean }>(items.map(item => [`${item.tableName}/${item.pk}`, { revision: item.revision, live: item.kind === 'row' }]))
    for (const { tableName, pk, op, stamp: { clock, hlc, opId } } of (await pullAll(syncGateway, ada, WORKSPACE, { cursor: watermark })).changes) {
      const revision = { clock, hlc, opId }
      const current = held.get(`${tableName}/${pk}`)
      if (!current || compareRevision(revision, current.revision) > 0) held.set(`${tableName}/${pk}`, { revision, live: op === 'put' })
    }
    expect(held).toEqual(new Map(now.items.map(item => [`${item.tableName}/${item.pk}`, { revision: item.revision, live: item.kind === 'row' }])))
    expect(await count(engine, 'replaced_states')).toBeGreaterThan(10)
  })

  it('orders as JavaScript does, within pages and across them (S20)', async () => {
    const { syncGateway } = await open()
    const pks = ['a', 'B', 'é', '中', '\uE000', '\uFFFD', '\u{1F600}', '\u{1F601}z', '\u{10FFFF}', 'Ω', '~', 'a\u0001', 'a b']
    await pushAs(syncGateway, ada, WORKSPACE, ...pks.map(pk => messageOp({ pk })), threadOp({ pk: '\u{1F600}' }))
    for (const pageSize of [1, 3, 100]) {
      const { items } = await bootstrap(syncGateway, ada, WORKSPACE, { pageSize })
      expect(items.map(item => item.pk)).toEqual([...pks.toSorted(), '\u{1F600}'])
    }
    expect((await pullAll(syncGateway, ada, WORKSPACE)).changes.map(change => change.pk)).toEqual([...pks, '\u{1F600}'])
    const again = await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: '\u{1F600}', clock: 0 }))
    expect(again.results[0]).toMatchObject({ applied: false, winner: { kind: 'put', payload: { id: '\u{1F600}' } } })
  })

  it('goes through the tables by name and takes a filter that cannot change', async () => {
    const { syncGateway } = await open()
    await pushAs(syncGateway, ada, WORKSPACE, threadOp(), messageOp(), note('n1'), op({ table: 'kv', pk: 'kv:a', payload: { id: 'kv:a', name: 'a', created_at: 1, updated_at: 1, clock: 1 } }))
    expect((await bootstrap(syncGateway, ada, WORKSPACE, { pageSize: 1 })).items.map(item => item.tableName)).toEqual(['kv', 'messages', 'notifications', 'threads'])
    const tables = ['threads', 'kv', 'threads']
    expect((await bootstrap(syncGateway, ada, WORKSPACE, { pageSize: 1, tables })).items.map(item => item.tableName)).toEqual(['kv', 'threads'])
    const { nextPageToken } = await syncGateway.snapshot(ada, { scope, pageSize: 1, tables })
    const pageToken = nextPageToken ?? ''
    await expect(syncGateway.snapshot(ada, { scope, pageSize: 1, pageToken, tables: ['kv'] })).rejects.toMatchObject({ statusCode: 400, message: 'Snapshot table filter cannot change between pages' })
    expect((await syncGateway.snapshot(ada, { scope, pageSize: 1, pageToken, tables: ['kv', 'threads'] })).items).toHaveLength(1)
    expect(SNAPSHOT_TABLES).toEqual([...SNAPSHOT_TABLES].sort())
  })

  it('shows notifications, live and deleted, to their owner only, also those replaced meanwhile', async () => {
    const { syncGateway } = await open()
    await pushAs(syncGateway, ada, WORKSPACE, messageOp(), note('n1'), note('n2'))
    await pushAs(syncGateway, ada, WORKSPACE, op({ table: 'notifications', pk: 'n2', operation: 'delete', clock: 2 }))
    await pushAs(syncGateway, grace, WORKSPACE, note('g1', 'Grace', 'grace'))
    const keys = (page: { items: { kind: string, pk: string }[] }) => page.items.map(item => `${item.kind} ${item.pk}`)
    expect(keys(await bootstrap(syncGateway, ada, WORKSPACE))).toEqual(['row m1', 'row n1', 'tombstone n2'])
    expect(keys(await bootstrap(syncGateway, {}, WORKSPACE))).toEqual(['row m1'])
    const changed = await bootstrap(syncGateway, grace, WORKSPACE, {
      pageSize: 1,
      between: () => pushAs(syncGateway, ada, WORKSPACE, op({ table: 'notifications', pk: 'n1', operation: 'delete', clock: 3 })),
    })
    expect(keys(changed)).toEqual(['row m1', 'row g1'])
  })

  it('fills in what a device needs and leaves out what none could take (S21)', async () => {
    const { syncGateway, log, engine } = await open()
    const times = { created_at: 1, updated_at: 1 }
    await pushAs(syncGateway, ada, WORKSPACE,
      op({ table: 'threads', pk: 't1', clock: 4, payload: { title: 'Old', ...times } }),
      op({ table: 'posts', pk: 'p1', payload: { id: 'p1', title: 'T', content: 'C', postType: 'doc', myField: 1, ...times } }),
      op({ pk: 'broken', payload: { id: 'broken', thread_id: 7 } }), messageOp({ pk: 'good' }))
    const { items } = await bootstrap(syncGateway, ada, WORKSPACE, { pageSize: 1 })
    expect(items.map(item => [item.pk, item.kind === 'row' && item.payload])).toEqual([
      ['good', expect.objectContaining({ id: 'good' })],
      ['p1', { id: 'p1', title: 'T', content: 'C', post_type: 'doc', myField: 1, deleted: false, clock: 1, ...times }],
      ['t1', { id: 't1', title: 'Old', status: 'ready', pinned: false, forked: false, deleted: false, clock: 4, ...times }],
    ])
    expect(log.lines).toContain('warn A bootstrap left out 1 of messages: their payload lacks fields that every device needs.')
    expect(await count(engine, 's_messages')).toBe(2)
  })

  it('cuts a page of large rows (F19)', async () => {
    const { syncGateway } = await open()
    const text = 'x'.repeat(250_000)
    await pushAs(syncGateway, ada, WORKSPACE, ...Array.from({ length: 40 }, (_, index) => messageOp({ pk: `m${index}`, text })))
    const first = await syncGateway.snapshot(ada, { scope, pageSize: 1000 })
    expect(first.items.length).toBeLessThan(20)
    expect((await bootstrap(syncGateway, ada, WORKSPACE)).items).toHaveLength(40)
  })

  it('has a token that fits for the longest pk', async () => {
    const { syncGateway } = await open()
    const pk = '中'.repeat(341)
    await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk }), threadOp())
    expect((await bootstrap(syncGateway, ada, WORKSPACE, { pageSize: 1 })).items.map(item => item.pk)).toEqual([pk, 't1'])
  })

  it('refuses what the contract refuses', async () => {
    const { syncGateway } = await withMessages(3)
    const pageToken = (await syncGateway.snapshot(ada, { scope, pageSize: 1 })).nextPageToken ?? ''
    for (const pageSize of [0, 1001, 1.5, Number.NaN]) await expect(syncGateway.snapshot(ada, { scope, pageSize })).rejects.toMatchObject({ statusCode: 400, message: 'pageSize must be an integer between 1 and 1000' })
    await expect(syncGateway.snapshot(ada, { scope, pageSize: 1, tables: ['users'] })).rejects.toMatchObject({ statusCode: 400, message: 'Invalid snapshot table: users' })
    for (const bad of ['', 'x', `${pageToken}!`, 's1.a.b.0.c']) await expect(syncGateway.snapshot(ada, { scope, pageSize: 1, pageToken: bad })).rejects.toMatchObject({ statusCode: 400, message: 'Invalid snapshot page token' })
    await expect(syncGateway.snapshot(eventOf('ada', 'ws-2'), { scope: { workspaceId: 'ws-2' }, pageSize: 1, pageToken })).rejects.toMatchObject({ statusCode: 403 })
    await expect(syncGateway.snapshot(grace, { scope, pageSize: 1, pageToken })).rejects.toMatchObject({ statusCode: 403 })
    await expect(syncGateway.snapshot(eventOf('ada', 'ws-2'), { scope, pageSize: 1 })).rejects.toMatchObject({ statusCode: 403 })
    const unknown = pageToken.replace(/^(s1\.[^.]+)\.[^.]+/, '$1.0000')
    await expect(syncGateway.snapshot(ada, { scope, pageSize: 1, pageToken: unknown })).rejects.toMatchObject({ statusCode: 410, message: 'Snapshot expired or unavailable' })
  })

  it('ends after an hour with 410, and what was kept for it goes (S19)', async () => {
    const { syncGateway, clock, engine, tidy, ops } = await withMessages(3)
    const pageToken = (await syncGateway.snapshot(ada, { scope, pageSize: 1 })).nextPageToken ?? ''
    await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: ops[2]?.pk ?? '', clock: 9 }))
    expect(await count(engine, 'replaced_states')).toBe(1)
    clock.advance((SNAPSHOT_TTL_SECONDS - 1) * 1000)
    await tidy()
    expect((await syncGateway.snapshot(ada, { scope, pageSize: 5, pageToken })).items.map(item => item.revision.clock)).toEqual([1, 1])
    clock.advance(1000)
    await expect(syncGateway.snapshot(ada, { scope, pageSize: 1, pageToken })).rejects.toMatchObject({ statusCode: 410 })
    await tidy()
    await tidy()
    expect([await count(engine, 'snapshots'), await count(engine, 'replaced_states')]).toEqual([0, 0])
  })

  it('is given up a minute after its last page, which may be asked for again until then', async () => {
    const { syncGateway, clock, engine, tidy } = await withMessages(2)
    const pageToken = (await syncGateway.snapshot(ada, { scope, pageSize: 1 })).nextPageToken ?? ''
    for (let asked = 0; asked < 2; asked++) expect((await syncGateway.snapshot(ada, { scope, pageSize: 1, pageToken })).nextPageToken).toBeNull()
    clock.advance(59_000)
    expect((await syncGateway.snapshot(ada, { scope, pageSize: 1, pageToken })).items).toHaveLength(1)
    clock.advance(1000)
    await expect(syncGateway.snapshot(ada, { scope, pageSize: 1, pageToken })).rejects.toMatchObject({ statusCode: 410 })
    await tidy()
    expect(await count(engine, 'snapshots')).toBe(0)
  })

  it('keeps nothing that no open snapshot shows', async () => {
    const { syncGateway, engine, tidy } = await withMessages(3)
    await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: 'm00000', clock: 2 }))
    expect(await count(engine, 'replaced_states')).toBe(0)
    await syncGateway.snapshot(ada, { scope, pageSize: 1 })
    await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: 'm00000', clock: 3 }), messageOp({ pk: 'm00000', clock: 4 }))
    await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: 'm00000', clock: 5 }))
    await tidy()
    expect(await select(engine, 'SELECT pk, clock, last_version FROM replaced_states')).toEqual([{ pk: 'm00000', clock: 2, last_version: 4 }])
    await pushAs(syncGateway, eventOf('ada', 'ws-2'), 'ws-2', messageOp(), messageOp({ clock: 2 }))
    expect(await count(engine, 'replaced_states')).toBe(1)
  })

  it('is one of a few: a user\'s oldest ends when they open too many, and nobody else\'s', async () => {
    const { syncGateway, engine } = await withMessages(3)
    const first = (await syncGateway.snapshot(ada, { scope, pageSize: 1 })).nextPageToken ?? ''
    const hers = (await syncGateway.snapshot(grace, { scope, pageSize: 1 })).nextPageToken ?? ''
    for (let opened = 1; opened < MAX_OPEN_SNAPSHOTS; opened++) {
      await syncGateway.snapshot(ada, { scope, pageSize: 1 })
    }
    expect((await syncGateway.snapshot(ada, { scope, pageSize: 1, pageToken: first })).items).toHaveLength(1)
    await syncGateway.snapshot(ada, { scope, pageSize: 1 })
    await expect(syncGateway.snapshot(ada, { scope, pageSize: 1, pageToken: first })).rejects.toMatchObject({ statusCode: 410 })
    expect((await syncGateway.snapshot(grace, { scope, pageSize: 1, pageToken: hers })).items).toHaveLength(1)
    expect(await count(engine, 'snapshots')).toBe(MAX_OPEN_SNAPSHOTS + 1)
  })
})

describe('collection with snapshots', () => {
  const DAY = 86_400
  const collect = { scope, retentionSeconds: DAY }

  it('takes the state-bearing entries that are old and that every device has passed, and raises the floor', async () => {
    const { syncGateway, clock, engine } = await open()
    const first = messageOp({ pk: 'm1' })
    await pushAs(syncGateway, ada, WORKSPACE, first, messageOp({ pk: 'gone' }), messageOp({ pk: 'gone', clock: 2, operation: 'delete' }), messageOp({ pk: 'm3' }))
    await syncGateway.updateCursor(ada, { scope, deviceId: 'behind', version: 3 })
    expect(await syncGateway.gcChangeLog({}, collect), 'only what is superseded and passed').toMatchObject({ changes: 1 })
    clock.advance(DAY * 1000 - 1000)
    await syncGateway.updateCursor(ada, { scope, deviceId: 'behind', version: 3 })
    clock.advance(2000)
    expect(await syncGateway.gcChangeLog({}, collect)).toEqual({ changes: 2, cursors: 0, receipts: 0 })
    expect(await select(engine, 'SELECT server_version FROM change_log')).toEqual([{ server_version: 4 }])

    // Below the floor a device must bootstrap; at it, it goes on.
    expect(await syncGateway.pull(ada, { scope, cursor: 2, limit: 10 })).toMatchObject({ requiresSnapshot: true, oldestRetainedVersion: 4 })
    expect(await syncGateway.pull(ada, { scope, cursor: 3, limit: 10 })).toMatchObject({ requiresSnapshot: false, changes: [{ pk: 'm3' }] })
    const { items, watermark } = await bootstrap(syncGateway, ada, WORKSPACE)
    expect(items.map(item => `${item.kind} ${item.pk}`)).toEqual(['tombstone gone', 'row m1', 'row m3'])
    expect(await syncGateway.pull(ada, { scope, cursor: watermark, limit: 10 })).toMatchObject({ requiresSnapshot: false })

    // A late retry of a collected op is recognised (S4), another op under its id refused.
    expect((await pushAs(syncGateway, ada, WORKSPACE, first)).results[0]).toEqual({ opId: first.stamp.opId, success: true, serverVersion: 1, applied: true, replayed: true })
    expect((await pushAs(syncGateway, ada, WORKSPACE, { ...first, pk: 'm9', payload: { id: 'm9' } })).results[0]).toMatchObject({ errorCode: 'CONFLICT' })
  })

  it('does not let a device pin history that it has not come back to for longer than the window (S17)', async () => {
    const { syncGateway, clock } = await open()
    await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: 'm1' }), messageOp({ pk: 'm2' }))
    await syncGateway.updateCursor(ada, { scope, deviceId: 'lost', version: 1 })
    clock.advance((DAY + 1) * 1000)
    expect(await syncGateway.gcChangeLog({}, collect)).toMatchObject({ changes: 2, cursors: 1 })
    expect(await syncGateway.pull(ada, { scope, cursor: 1, limit: 1 })).toMatchObject({ requiresSnapshot: true })
  })

  it('keeps tombstones, so that an old put does not bring a row back (F3)', async () => {
    const { syncGateway, clock } = await open()
    await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: 'gone' }), messageOp({ pk: 'gone', clock: 2, operation: 'delete' }))
    clock.advance(400 * DAY * 1000)
    await syncGateway.gcChangeLog({}, collect)
    expect(await syncGateway.gcTombstones({}, collect)).toEqual({ tombstones: 0 })
    const { results } = await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: 'gone', clock: 1 }))
    expect(results[0]).toMatchObject({ applied: false, payload: { id: 'gone', deleted: true, deleted_at: expect.any(Number) }, winner: { kind: 'delete' } })
  })

  it('leaves an open snapshot as it is', async () => {
    const { syncGateway, clock } = await withMessages(5)
    clock.advance((DAY + 1) * 1000)
    const before = await bootstrap(syncGateway, ada, WORKSPACE)
    const { items, watermark } = await bootstrap(syncGateway, ada, WORKSPACE, { pageSize: 1, between: () => syncGateway.gcChangeLog({}, collect) })
    expect(items).toEqual(before.items)
    expect(await syncGateway.pull(ada, { scope, cursor: watermark, limit: 10 }), 'the floor has just moved to here').toMatchObject({ requiresSnapshot: false, oldestRetainedVersion: 6 })
  })
})

describe('a cursor ahead of the counter (S15)', () => {
  it('is sent to a snapshot and never back', async () => {
    const { syncGateway } = await withMessages(2)
    expect(await syncGateway.pull(ada, { scope, cursor: 50, limit: 10 })).toMatchObject({ requiresSnapshot: true, nextCursor: 50, changes: [] })
  })
})
