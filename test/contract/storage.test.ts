import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { SqliteMigrator } from '../../src/runtime/server/database/migrator'
import type { CanonicalStorageItem, CanonicalStorageQueryRequest } from '../../src/runtime/server/host/storage-contract'
import { eventOf, op, pushAs } from '../support/ops'
import type { TestProvider } from '../support/provider'
import { openTestProvider } from '../support/provider'
import { messageOp } from '../support/rows'
import { select } from '../support/sql'

const WORKSPACE = 'ws-1'
const scope = { workspaceId: WORKSPACE }
const ada = eventOf('ada', WORKSPACE)
const other = eventOf('ada', 'ws-2')

const file = (hash: string, sizeBytes: unknown, extra: object = {}) =>
  op({ table: 'file_meta', pk: hash, payload: { hash, size_bytes: sizeBytes, deleted: false, created_at: 1, updated_at: 7, clock: 1, ...extra } })

function intent(provider: TestProvider, intentId: string, input: { hash?: string, sizeBytes?: number, quota?: number, seconds?: number } = {}) {
  const { hash = intentId, sizeBytes = 10, quota, seconds = 900 } = input
  return {
    intentId, workspaceId: WORKSPACE, hash, mimeType: 'image/png', sizeBytes, expiresAt: Math.floor(provider.clock.now() / 1000) + seconds,
    ...quota === undefined ? {} : { workspaceQuotaBytes: quota },
  }
}

async function all(provider: TestProvider, request: Omit<CanonicalStorageQueryRequest, 'scope'>): Promise<CanonicalStorageItem[]> {
  const items: CanonicalStorageItem[] = []
  let cursor: string | undefined
  for (;;) {
    const page = await provider.syncGateway.queryCanonicalStorage(ada, { scope, ...request, ...cursor === undefined ? {} : { cursor } })
    expect(page.hasMore).toBe(page.nextCursor !== undefined)
    items.push(...page.items)
    if (!page.hasMore) return items
    cursor = page.nextCursor
  }
}

const OVER = { statusCode: 413, message: 'Workspace storage quota exceeded' }
const GONE = { statusCode: 409, message: 'Upload intent expired, mismatched, or already consumed' }

describe('upload intents', () => {
  it('hold the quota, however many reserve at once (F16)', async () => {
    const provider = await openTestProvider()
    await pushAs(provider.syncGateway, ada, WORKSPACE, file('stored', 40))
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => provider.syncGateway.reserveUploadIntent(ada, intent(provider, `i${index}`, { quota: 100 }))))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(6)
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject(OVER)
    expect(await all(provider, { kind: 'active_reservations' })).toHaveLength(6)
  })

  it('count a file once: not when it is stored, and once for all who upload it', async () => {
    const provider = await openTestProvider()
    const { syncGateway } = provider
    await pushAs(syncGateway, ada, WORKSPACE, file('sha256:ABC', 90))
    await syncGateway.reserveUploadIntent(ada, intent(provider, 'again', { hash: ' abc ', sizeBytes: 90, quota: 100 }))
    await syncGateway.reserveUploadIntent(ada, intent(provider, 'a', { hash: 'new', quota: 100 }))
    await syncGateway.reserveUploadIntent(ada, intent(provider, 'b', { hash: 'md5:new', quota: 100 }))
    expect(await all(provider, { kind: 'active_reservations' })).toEqual([{ kind: 'reservation', reservationId: 'a', hash: 'new', sizeBytes: 10, expiresAt: expect.any(Number) }])
    await expect(syncGateway.reserveUploadIntent(ada, intent(provider, 'c', { sizeBytes: 1, quota: 100 }))).rejects.toMatchObject(OVER)
    // The one that carried the bytes goes; the other one carries them on.
    await syncGateway.cancelUploadIntent(ada, { workspaceId: WORKSPACE, intentId: 'a' })
    expect(await all(provider, { kind: 'active_reservations' })).toMatchObject([{ reservationId: 'b', sizeBytes: 10 }])
    await expect(syncGateway.reserveUploadIntent(ada, intent(provider, 'c', { sizeBytes: 1, quota: 100 }))).rejects.toMatchObject(OVER)
  })

  it('keep counting between the upload and its row, and stop when the row is there', async () => {
    const provider = await openTestProvider()
    const { syncGateway } = provider
    const first = intent(provider, 'a', { sizeBytes: 60, quota: 100 })
    await syncGateway.reserveUploadIntent(ada, first)
    await syncGateway.consumeUploadIntent(ada, { ...first, storageId: 'blob-1' })
    await expect(syncGateway.reserveUploadIntent(ada, intent(provider, 'b', { sizeBytes: 60, quota: 100 }))).rejects.toMatchObject(OVER)
    await pushAs(syncGateway, ada, WORKSPACE, file('a', 60))
    await syncGateway.reserveUploadIntent(ada, intent(provider, 'b', { sizeBytes: 40, quota: 100 }))
    await syncGateway.cancelUploadIntent(ada, { workspaceId: WORKSPACE, intentId: 'b' })
    // The file goes again before its intent would have expired: its bytes are free.
    await pushAs(syncGateway, ada, WORKSPACE, op({ table: 'file_meta', pk: 'a', operation: 'delete', clock: 2 }))
    await syncGateway.reserveUploadIntent(ada, intent(provider, 'c', { sizeBytes: 100, quota: 100 }))
  })

  it('are not made free by a row that says too little', async () => {
    const provider = await openTestProvider()
    const { syncGateway } = provider
    await pushAs(syncGateway, ada, WORKSPACE, file('big', 'x'), file('half', 50))
    await expect(syncGateway.reserveUploadIntent(ada, intent(provider, 'a', { hash: 'big', sizeBytes: 1e9, quota: 100 }))).rejects.toMatchObject(OVER)
    await syncGateway.reserveUploadIntent(ada, intent(provider, 'b', { hash: 'half', sizeBytes: 100, quota: 100 }))
    expect(await all(provider, { kind: 'active_reservations' })).toMatchObject([{ reservationId: 'b', sizeBytes: 50 }])
    await expect(syncGateway.reserveUploadIntent(ada, intent(provider, 'c', { sizeBytes: 1, quota: 100 }))).rejects.toMatchObject(OVER)
  })

  it('may be of no bytes at all', async () => {
    const provider = await openTestProvider()
    const empty = intent(provider, 'empty', { sizeBytes: 0, quota: 0 })
    await provider.syncGateway.reserveUploadIntent(ada, empty)
    await provider.syncGateway.consumeUploadIntent(ada, { ...empty, storageId: 's' })
  })

  it('are consumed by one, exactly as announced, and in time', async () => {
    const provider = await openTestProvider()
    const { syncGateway, clock } = provider
    const announced = intent(provider, 'a')
    await syncGateway.reserveUploadIntent(ada, announced)
    await syncGateway.reserveUploadIntent(ada, announced)
    for (const change of [{ hash: 'b' }, { mimeType: 'text/plain' }, { sizeBytes: 11 }, { intentId: 'b' }]) {
      await expect(syncGateway.consumeUploadIntent(ada, { ...announced, storageId: 's', ...change })).rejects.toMatchObject(GONE)
    }
    await expect(syncGateway.consumeUploadIntent(other, { ...announced, workspaceId: 'ws-2', storageId: 's' })).rejects.toMatchObject(GONE)
    const results = await Promise.allSettled([1, 2, 3].map(() => syncGateway.consumeUploadIntent(ada, { ...announced, hash: 'sha256:A', storageId: 's' })))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await expect(syncGateway.cancelUploadIntent(ada, { workspaceId: WORKSPACE, intentId: 'a' })).rejects.toMatchObject({ statusCode: 409, message: 'Upload intent is not active' })
    await expect(syncGateway.reserveUploadIntent(ada, announced)).rejects.toMatchObject({ statusCode: 409 })

    await syncGateway.reserveUploadIntent(ada, intent(provider, 'late', { seconds: 10 }))
    clock.advance(10_000)
    await expect(syncGateway.consumeUploadIntent(ada, { ...intent(provider, 'late'), storageId: 's' })).rejects.toMatchObject(GONE)
    await expect(syncGateway.cancelUploadIntent(ada, { workspaceId: WORKSPACE, intentId: 'late' })).rejects.toMatchObject({ statusCode: 409 })
  })

  it('give overdue bytes back and are forgotten a day later', async () => {
    const provider = await openTestProvider()
    const { syncGateway, clock, engine, tidy } = provider
    await syncGateway.reserveUploadIntent(ada, intent(provider, 'a', { sizeBytes: 100, quota: 100, seconds: 60 }))
    clock.advance(60_000)
    await syncGateway.reserveUploadIntent(ada, intent(provider, 'b', { sizeBytes: 100, quota: 100, seconds: 60 }))
    expect(await select(engine, 'SELECT id, status FROM upload_intents ORDER BY id')).toEqual([{ id: 'a', status: 'expired' }, { id: 'b', status: 'active' }])
    await tidy()
    expect(await select(engine, 'SELECT id FROM upload_intents')).toHaveLength(2)
    clock.advance(86_401_000)
    await tidy()
    expect(await select(engine, 'SELECT id FROM upload_intents')).toMatchObject([{ id: 'b' }])
  })

  it('refuse bad input and other workspaces', async () => {
    const provider = await openTestProvider()
    const { syncGateway } = provider
    const good = intent(provider, 'a')
    for (const bad of [{ intentId: ' ' }, { hash: 'sha256: ' }, { sizeBytes: -1 }, { sizeBytes: 1.5 }, { sizeBytes: '5' }, { mimeType: '' }, { expiresAt: 1 }, { expiresAt: Number.NaN }]) {
      await expect(syncGateway.reserveUploadIntent(ada, { ...good, ...bad } as typeof good)).rejects.toMatchObject({ statusCode: 400, message: 'Invalid upload intent' })
    }
    await expect(syncGateway.reserveUploadIntent(ada, { ...good, workspaceQuotaBytes: -1 })).rejects.toMatchObject({ statusCode: 400, message: 'Invalid workspace quota' })
    await expect(syncGateway.reserveUploadIntent(other, good)).rejects.toMatchObject({ statusCode: 403 })
    await expect(syncGateway.queryCanonicalStorage(other, { scope, kind: 'live_metadata' })).rejects.toMatchObject({ statusCode: 403 })
  })
})

describe('canonical storage', () => {
  it('lists live files with what is known of them, in pages, without broken sizes stopping it (S27)', async () => {
    const provider = await openTestProvider()
    const { syncGateway } = provider
    await pushAs(syncGateway, ada, WORKSPACE,
      file('sha256:AA', 5, { storage_id: 's1', mime_type: 'image/png', name: 'cat.png', kind: 'image' }), file('bb', 'much'), file('cc', 2 ** 60), file('dd', 4, { deleted: true }),
      ...Array.from({ length: 5 }, (_, index) => file(`z${index}`, index)))
    await pushAs(syncGateway, other, 'ws-2', file('elsewhere', 1000))
    const items = await all(provider, { kind: 'live_metadata', limit: 2 })
    expect(items).toHaveLength(8)
    expect(items).toContainEqual({ kind: 'metadata', hash: 'aa', sizeBytes: 5, storageId: 's1', updatedAt: 7, mimeType: 'image/png', name: 'cat.png', fileKind: 'image' })
    expect(items.filter(item => item.hash === 'bb' || item.hash === 'cc')).toMatchObject([{ sizeBytes: 0 }, { sizeBytes: 0 }])
    expect(await all(provider, { kind: 'live_metadata', hash: 'MD5:AA ' })).toHaveLength(1)
    await syncGateway.reserveUploadIntent(ada, intent(provider, 'fits', { sizeBytes: 85, quota: 100 }))
    await expect(syncGateway.reserveUploadIntent(ada, intent(provider, 'not', { sizeBytes: 1, quota: 100 }))).rejects.toMatchObject(OVER)
  })

  it('knows which live messages and posts mention a file, however they say it', async () => {
    const provider = await openTestProvider()
    const { syncGateway } = provider
    const message = (pk: string, clock: number, file_hashes: unknown) => messageOp({ pk, clock, payload: { ...messageOp({ pk, clock }).payload as object, file_hashes } })
    const post = (pk: string, file_hashes: unknown) => op({ table: 'posts', pk, payload: { id: pk, file_hashes } })
    const edges = async (hash?: string) => (await all(provider, { kind: 'reference_edges', limit: 1, ...hash === undefined ? {} : { hash } }))
      .map(item => item.kind === 'reference' ? `${item.sourceTable}/${item.sourceId}/${item.hash}` : '')
    await pushAs(syncGateway, ada, WORKSPACE,
      message('m1', 1, ['sha256:AB', 'cd', 'ab']), message('m2', 1, '["md5:ab"]'), message('m3', 1, 'not json'), message('m4', 1, null), message('m5', 1, [7, '']),
      post('p1', '["cd"]'), message('m6', 1, { a: 1 }))
    expect(await edges()).toEqual(['messages/m1/ab', 'messages/m1/cd', 'messages/m2/ab', 'posts/p1/cd'])
    expect(await edges('SHA256:ab')).toEqual(['messages/m1/ab', 'messages/m2/ab'])
    // A write that loses changes nothing, one that wins everything, a delete forgets, and a return remembers.
    await pushAs(syncGateway, ada, WORKSPACE, message('m1', 0, []), message('m2', 2, ['ef']), op({ table: 'posts', pk: 'p1', operation: 'delete', clock: 2 }))
    expect(await edges()).toEqual(['messages/m1/ab', 'messages/m1/cd', 'messages/m2/ef'])
    await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: 'm1', clock: 2 }))
    await pushAs(syncGateway, ada, WORKSPACE, message('m2', 3, ['x']), message('m2', 4, ['y']))
    expect(await edges()).toEqual(['messages/m2/y'])
    await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: 'm2', clock: 5, operation: 'delete' }))
    expect(await edges()).toEqual([])
    await pushAs(syncGateway, ada, WORKSPACE, message('m2', 6, ['y']))
    expect(await edges()).toEqual(['messages/m2/y'])
  })

  it('lists reservations that are active at a time and hold bytes', async () => {
    const provider = await openTestProvider()
    const now = Math.floor(provider.clock.now() / 1000)
    await provider.syncGateway.reserveUploadIntent(ada, intent(provider, 'short', { seconds: 10 }))
    await provider.syncGateway.reserveUploadIntent(ada, intent(provider, 'long', { seconds: 100 }))
    await provider.syncGateway.reserveUploadIntent(ada, intent(provider, 'empty', { sizeBytes: 0 }))
    const ids = async (at: number) => (await all(provider, { kind: 'active_reservations', now: at, limit: 1 })).map(item => item.kind === 'reservation' ? item.reservationId : '')
    expect(await ids(now + 9)).toEqual(['long', 'short'])
    expect(await ids(now + 10)).toEqual(['long'])
    expect(await all(provider, { kind: 'active_reservations', hash: 'long' })).toHaveLength(1)
  })

  it('takes a cursor only for the question it was made for (S28)', async () => {
    const provider = await openTestProvider()
    const { syncGateway } = provider
    await pushAs(syncGateway, ada, WORKSPACE, file('a', 1), file('b', 1))
    const { nextCursor: cursor = '' } = await syncGateway.queryCanonicalStorage(ada, { scope, kind: 'live_metadata', limit: 1 })
    const refused = { statusCode: 400, message: 'Invalid canonical storage cursor' }
    await expect(syncGateway.queryCanonicalStorage(other, { scope: { workspaceId: 'ws-2' }, kind: 'live_metadata', cursor })).rejects.toMatchObject(refused)
    await expect(syncGateway.queryCanonicalStorage(ada, { scope, kind: 'reference_edges', cursor })).rejects.toMatchObject(refused)
    await expect(syncGateway.queryCanonicalStorage(ada, { scope, kind: 'live_metadata', hash: 'a', cursor })).rejects.toMatchObject(refused)
    for (const bad of ['', 'x', `${cursor}.x`, `${cursor}${'A'.repeat(2048)}`]) await expect(syncGateway.queryCanonicalStorage(ada, { scope, kind: 'live_metadata', cursor: bad })).rejects.toMatchObject(refused)
    await expect(syncGateway.queryCanonicalStorage(ada, { scope, kind: 'live_metadata', hash: 'sha256:' })).rejects.toMatchObject({ statusCode: 400, message: 'Invalid storage hash' })
    await expect(syncGateway.queryCanonicalStorage(ada, { scope, kind: 'secrets' as 'live_metadata' })).rejects.toMatchObject({ statusCode: 400 })
    expect((await syncGateway.queryCanonicalStorage(ada, { scope, kind: 'live_metadata', limit: 0 })).items).toHaveLength(1)
  })

  it('pages through the longest ids there can be', async () => {
    const provider = await openTestProvider()
    const long = (index: number) => `${index}${'中'.repeat(341)}`
    const hash = (index: number) => `${index}`.padEnd(128, 'f')
    await pushAs(provider.syncGateway, ada, WORKSPACE, ...[1, 2, 3].flatMap(index => [
      file(long(index), 1), messageOp({ pk: long(index), payload: { id: long(index), file_hashes: [hash(index), `${hash(index)}0`] } }),
    ]))
    expect(await all(provider, { kind: 'live_metadata', limit: 1 })).toHaveLength(3)
    expect(await all(provider, { kind: 'reference_edges', limit: 1 }), 'without what is too long for a hash').toHaveLength(3)
  })

  it('knows what was mentioned before the table was there', async () => {
    const first = await openTestProvider()
    const mention = (pk: string, file_hashes: unknown) => messageOp({ pk, payload: { id: pk, file_hashes } })
    await pushAs(first.syncGateway, ada, WORKSPACE, mention('m1', ['sha256:AB', ' cd\n']), mention('m2', '["ef"]'), op({ table: 'posts', pk: 'p1', payload: { id: 'p1', file_hashes: ['ab'] } }))
    const before = await all(first, { kind: 'reference_edges' })
    expect(before).toHaveLength(4)
    await first.close()
    const database = new Database(first.path)
    const migrator = new SqliteMigrator(database)
    await migrator.down('003_snapshots')
    await migrator.up()
    database.close()
    const second = await openTestProvider({ path: first.path })
    expect(await all(second, { kind: 'reference_edges' })).toEqual(before)
  })
})
