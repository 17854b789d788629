import 'fake-indexeddb/auto'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { DeviceStatus } from '../../../playground/app/sync/device'
import { Device } from '../../../playground/app/sync/device'
import { HybridClock } from '../../../playground/app/sync/hlc'
import { newId } from '../../../playground/app/sync/id'
import { LocalStore } from '../../../playground/app/sync/local-store'
import { FAILED, Outbox } from '../../../playground/app/sync/outbox'
import type { SyncServer } from '../../../playground/app/sync/transport'
import { DeferredError, RefusedError } from '../../../playground/app/sync/transport'
import type { PendingOp, PullResponse, PushResult, SnapshotItem, SnapshotResponse, SyncChange } from '../../../playground/shared/sync/schemas'

/** A server in memory that can be told to fail, and remembers how it was asked. */
class TestServer implements SyncServer {
  readonly pushes: PendingOp[][] = []
  readonly pulls: number[] = []
  readonly cursors: number[] = []
  readonly changes: SyncChange[] = []
  pushWith: (ops: readonly PendingOp[]) => Promise<PushResult> = async ops => this.accept(ops)
  pullWith: (cursor: number, limit: number) => Promise<PullResponse> = async (cursor, limit) => this.page(cursor, limit)
  reportWith: () => Promise<void> = async () => {}

  async push(ops: readonly PendingOp[]): Promise<PushResult> {
    this.pushes.push([...ops])
    return this.pushWith(ops)
  }

  async pull(cursor: number, limit: number): Promise<PullResponse> {
    this.pulls.push(cursor)
    return this.pullWith(cursor, limit)
  }

  /** A host of February, which has no snapshots, unless told otherwise. */
  snapshotWith: (pageToken: string | undefined) => Promise<SnapshotResponse | undefined> = async () => undefined

  snapshot(_pageSize: number, pageToken: string | undefined): Promise<SnapshotResponse | undefined> {
    return this.snapshotWith(pageToken)
  }

  async updateCursor(_deviceId: string, version: number): Promise<void> {
    await this.reportWith()
    this.cursors.push(version)
  }

  accept(ops: readonly PendingOp[]): PushResult {
    for (const { tableName, pk, operation, payload, stamp } of ops) {
      this.changes.push({ serverVersion: this.changes.length + 1, tableName, pk, op: operation, payload: payload as Record<string, unknown>, stamp })
    }
    return { results: ops.map(op => ({ opId: op.stamp.opId, success: true, applied: true })), serverVersion: this.changes.length }
  }

  page(cursor: number, limit: number): PullResponse {
    const rest = this.changes.filter(change => change.serverVersion > cursor)
    const changes = rest.slice(0, limit)
    return { changes, nextCursor: changes.at(-1)?.serverVersion ?? cursor, hasMore: rest.length > limit, oldestRetainedVersion: 0, requiresSnapshot: false }
  }
}

function openDevice(server: TestServer) {
  const store = new LocalStore(`test-${newId()}`)
  let status: DeviceStatus | undefined
  const device = new Device(newId().slice(0, 8), store, server, next => (status = next))
  onTestFinished(() => {
    device.goOffline()
    store.close()
  })
  return { device, store, status: () => status }
}

const until = (check: () => unknown) => vi.waitFor(check, { timeout: 10_000, interval: 5 })
const put = (device: Device, id: string, title: string) => device.write('threads', id, { id, ...thread(title) })
const thread = (title: string) => ({ title, status: 'ready', pinned: false, deleted: false, created_at: 1, updated_at: 1 })

describe('a device', () => {
  it('writes row and outbox together while offline, and sends once online', async () => {
    const server = new TestServer()
    const { device, store } = openDevice(server)
    await put(device, 't1', 'one')
    await put(device, 't1', 'two')
    expect([await store.outbox.count(), (await store.threads.get('t1'))?.title, server.pushes.length]).toEqual([2, 'two', 0])
    device.goOnline()
    await until(() => expect(server.changes).toHaveLength(1))
    expect(server.changes[0]).toMatchObject({ pk: 't1', payload: { title: 'two', clock: 2 }, stamp: { clock: 2 } })
    await until(async () => expect(await store.outbox.count()).toBe(0))
  })

  it('sends 50 at a time and pulls pages of 300', async () => {
    const server = new TestServer()
    const { device, store } = openDevice(server)
    for (let row = 0; row < 120; row++) await put(device, `t${row}`, `${row}`)
    const other = openDevice(server)
    device.goOnline()
    await until(async () => expect(await store.outbox.count()).toBe(0))
    expect(server.pushes.map(ops => ops.length)).toEqual([50, 50, 20])
    const limits: number[] = []
    server.pullWith = async (cursor, limit) => {
      limits.push(limit)
      return server.page(cursor, 100)
    }
    other.device.goOnline()
    await until(async () => expect(await other.store.threads.count()).toBe(120))
    await until(() => expect(server.cursors).toContain(120))
    expect(new Set(limits)).toEqual(new Set([300]))
  })

  it('takes what wins and keeps what it has otherwise, whatever comes first', async () => {
    const server = new TestServer()
    const [left, right] = [openDevice(server), openDevice(server)]
    await put(left.device, 't1', 'left')
    await put(right.device, 't1', 'right')
    await put(right.device, 't1', 'right, of a higher clock')
    await right.device.remove('threads', 't2')
    await put(left.device, 't2', 'left')
    await put(left.device, 't2', 'over the delete')
    right.device.goOnline()
    await until(() => expect(server.changes).toHaveLength(2))
    left.device.goOnline()
    await until(() => expect(server.changes).toHaveLength(4))
    for (const { store } of [left, right]) {
      await until(async () => expect((await store.threads.toArray()).map(({ id, title }) => [id, title])).toEqual([['t1', 'right, of a higher clock'], ['t2', 'over the delete']]))
    }
  })

  it('goes on pulling while its pushes fail, and keeps what it wrote', async () => {
    const server = new TestServer()
    const { device, store, status } = openDevice(server)
    server.pushWith = () => Promise.reject(new DeferredError(503, 0))
    await put(device, 'mine', 'mine')
    const fromElsewhere: SyncChange = { serverVersion: 1, tableName: 'threads', pk: 'theirs', op: 'put', payload: { id: 'theirs', ...thread('theirs') }, stamp: { deviceId: 'x', opId: newId(), hlc: 'a', clock: 1 } }
    server.changes.push(fromElsewhere)
    device.goOnline()
    await until(async () => expect(await store.threads.get('theirs')).toBeDefined())
    await until(() => expect(status()?.trouble).toBe('The server answers 503.'))
    expect(await store.outbox.count()).toBe(1)
  })

  it('runs one round at a time, however much is written meanwhile', async () => {
    const server = new TestServer()
    const { device, store } = openDevice(server)
    let running = 0
    let most = 0
    let allWritten = () => {}
    const written = new Promise<void>(settle => (allWritten = settle))
    server.pushWith = async (ops) => {
      running += 1
      most = Math.max(most, running)
      await written
      running -= 1
      return server.accept(ops)
    }
    await put(device, 't0', 'first')
    device.goOnline()
    await until(() => expect(running).toBe(1))
    for (let row = 1; row < 30; row++) await put(device, `t${row}`, `${row}`)
    allWritten()
    await until(async () => expect(await store.outbox.count()).toBe(0))
    expect(most).toBe(1)
    expect(new Set(server.changes.map(change => change.pk)).size).toBe(30)
    expect(server.changes).toHaveLength(30)
  })

  it('stops between two batches when it goes offline, and syncs when it comes back during a round', async () => {
    const server = new TestServer()
    const { device, store, status } = openDevice(server)
    for (let row = 0; row < 120; row++) await put(device, `t${row}`, `${row}`)
    let release = () => {}
    server.pushWith = ops => new Promise(settle => (release = () => settle(server.accept(ops))))
    device.goOnline()
    await until(() => expect(server.pushes).toHaveLength(1))
    device.goOffline()
    release()
    await until(async () => expect(await store.outbox.count()).toBe(70))
    expect([server.pushes.length, server.pulls.length, status()?.online]).toEqual([1, 0, false])

    device.goOnline()
    await until(() => expect(server.pushes).toHaveLength(2))
    device.goOffline()
    device.goOnline()
    server.pushWith = async ops => server.accept(ops)
    release()
    await until(async () => expect(await store.outbox.count()).toBe(0))
    await until(() => expect(status()).toMatchObject({ online: true, cursor: 120, trouble: '' }))
  })

  it('starts over once when the server asks for a snapshot, and says so if that does not help', async () => {
    const server = new TestServer()
    const { device, store, status } = openDevice(server)
    await store.saveCursor(50)
    server.accept([{ id: '1', tableName: 'threads', operation: 'put', pk: 't1', payload: { id: 't1', ...thread('one') }, stamp: { deviceId: 'x', opId: newId(), hlc: 'a', clock: 1 }, createdAt: 1, attempts: 0, status: '' }])
    server.pullWith = async (cursor, limit) => ({ ...server.page(cursor, limit), requiresSnapshot: cursor > 1 })
    device.goOnline()
    await until(() => expect(status()?.cursor).toBe(1))
    expect(server.pulls.slice(0, 2)).toEqual([50, 0])
    server.pullWith = async (cursor, limit) => ({ ...server.page(cursor, limit), requiresSnapshot: true })
    await put(device, 't2', 'two')
    await until(() => expect(status()?.trouble).toContain('Snapshot recovery did not cover'))
  })

  it('begins with a snapshot, installs it as a whole, and pulls on from its version', async () => {
    const server = new TestServer()
    const { device, store } = openDevice(server)
    const row = (pk: string, clock: number): SnapshotItem => ({ kind: 'row', tableName: 'threads', pk, payload: { id: pk, ...thread(`server ${clock}`), clock }, revision: { clock, hlc: '1', opId: pk } })
    await put(device, 'mine', 'written before the first sync')
    await put(device, 'both', 'mine')
    const tokens: (string | undefined)[] = []
    server.snapshotWith = async (pageToken) => {
      tokens.push(pageToken)
      if (pageToken === undefined) return { workspaceId: 'w', snapshotId: 's', highWatermark: 7, items: [row('a', 1), row('both', 9)], nextPageToken: 'next' }
      return { workspaceId: 'w', snapshotId: 's', highWatermark: 7, items: [{ kind: 'tombstone', tableName: 'threads', pk: 'gone', revision: { clock: 3, hlc: '1', opId: 'x' }, serverDeletedAt: 1 }], nextPageToken: null }
    }
    server.pullWith = async cursor => ({ ...server.page(99, 1), nextCursor: cursor })
    device.goOnline()
    await until(() => expect(server.cursors).toEqual([7]))
    expect([tokens, server.pulls[0]]).toEqual([[undefined, 'next'], 7])
    expect((await store.threads.toArray()).map(({ id, title }) => [id, title]).sort()).toEqual([['a', 'server 1'], ['both', 'server 9'], ['mine', 'written before the first sync']])
    expect(await store.revisionOf('threads', 'gone')).toMatchObject({ clock: 3 })
  })

  it('installs nothing of a snapshot that does not come to its end, and starts it again', async () => {
    const server = new TestServer()
    const { device, store, status } = openDevice(server)
    let broken = true
    server.snapshotWith = async (pageToken) => {
      if (pageToken !== undefined && broken) throw new DeferredError(410, 0)
      const items: SnapshotItem[] = [{ kind: 'row', tableName: 'threads', pk: pageToken ?? 'first', payload: { id: pageToken ?? 'first', ...thread('x') }, revision: { clock: 1, hlc: '1', opId: 'x' } }]
      return { workspaceId: 'w', snapshotId: 's', highWatermark: 2, items, nextPageToken: pageToken === undefined ? 'second' : null }
    }
    server.pullWith = async cursor => ({ ...server.page(99, 1), nextCursor: cursor })
    device.goOnline()
    await until(() => expect(status()?.trouble).toContain('410'))
    expect([await store.threads.count(), await store.cursor()]).toEqual([0, 0])
    broken = false
    await until(async () => expect(await store.threads.count()).toBe(2))
  })

  it('recovers by a snapshot when the server asks for one, and says so if that does not help', async () => {
    const server = new TestServer()
    const { device, store, status } = openDevice(server)
    await store.saveCursor(50)
    server.snapshotWith = async () => ({ workspaceId: 'w', snapshotId: 's', highWatermark: 3, items: [], nextPageToken: null })
    server.pullWith = async cursor => ({ ...server.page(99, 1), nextCursor: cursor, requiresSnapshot: cursor > 3 })
    device.goOnline()
    await until(() => expect(server.cursors).toEqual([3]))
    server.pullWith = async cursor => ({ ...server.page(99, 1), nextCursor: cursor, requiresSnapshot: true })
    await until(() => expect(status()?.trouble).toContain('Snapshot recovery did not cover'))
  })

  it('waits as long as a server asks, whatever is written meanwhile', async () => {
    const server = new TestServer()
    const { device, store, status } = openDevice(server)
    let answer = () => {}
    server.pushWith = () => new Promise((_settle, fail) => (answer = () => fail(new DeferredError(429, 60_000))))
    await put(device, 't1', 'one')
    device.goOnline()
    await until(() => expect(server.pushes).toHaveLength(1))
    await put(device, 't2', 'two')
    answer()
    await until(() => expect(status()?.trouble).toBe('The server answers 429.'))
    await put(device, 't3', 'three')
    // A round that did not wait would have begun by the time another device has gone through one of its own.
    const other = openDevice(server)
    server.pushWith = async ops => server.accept(ops)
    await put(other.device, 't4', 'four')
    other.device.goOnline()
    await until(() => expect(server.changes.map(change => change.pk)).toEqual(['t4']))
    expect(server.pushes).toHaveLength(2)
    expect(await store.outbox.count()).toBe(3)
  })

  it('shows how far it has come while there is no server', async () => {
    const server = new TestServer()
    const { device, store, status } = openDevice(server)
    await store.saveCursor(240)
    server.pullWith = () => Promise.reject(new DeferredError(0, 0))
    device.goOnline()
    await until(() => expect(status()).toMatchObject({ cursor: 240, trouble: 'The server cannot be reached.' }))
  })

  it('reports its cursor again after a report that failed', async () => {
    const server = new TestServer()
    const { device } = openDevice(server)
    server.reportWith = () => Promise.reject(new DeferredError(429, 0))
    await put(device, 't1', 'one')
    device.goOnline()
    await until(() => expect(server.pulls.length).toBeGreaterThan(0))
    server.reportWith = async () => {}
    await put(device, 't2', 'two')
    await until(() => expect(server.cursors).toContain(2))
  })
})

describe('the outbox', () => {
  async function filled(rows: number, server: TestServer) {
    const { device, store } = openDevice(server)
    for (let row = 0; row < rows; row++) await put(device, `t${row}`, `${row}`)
    return { store, outbox: new Outbox(store, server) }
  }

  it('keeps everything when the server defers', async () => {
    for (const status of [0, 401, 403, 404, 429, 500, 502, 503]) {
      const server = new TestServer()
      const { store, outbox } = await filled(3, server)
      server.pushWith = () => Promise.reject(new DeferredError(status, 0))
      await expect(outbox.flush(() => true)).rejects.toThrow()
      expect(await store.outbox.where('status').equals('pending').count()).toBe(3)
    }
  })

  it('finds the one op a server refuses and sends the others', async () => {
    const server = new TestServer()
    const { store, outbox } = await filled(7, server)
    server.pushWith = async (ops) => {
      if (ops.some(op => op.pk === 't4')) throw new RefusedError(400, 'Invalid push request')
      return server.accept(ops)
    }
    await outbox.flush(() => true)
    expect(server.changes.map(change => change.pk).sort()).toEqual(['t0', 't1', 't2', 't3', 't5', 't6'])
    expect((await store.outbox.toArray()).map(({ pk, status }) => [pk, status])).toEqual([['t4', `${FAILED}Invalid push request`]])
  })

  it('gives an op four tries, keeps it as failed, and sends it when it is asked to', async () => {
    const server = new TestServer()
    const { store, outbox } = await filled(1, server)
    server.pushWith = async ops => ({ results: ops.map(op => ({ opId: op.stamp.opId, success: false, errorCode: 'SERVER_ERROR' as const })), serverVersion: 0 })
    for (let attempt = 0; attempt < 6; attempt++) await outbox.flush(() => true)
    expect(server.pushes).toHaveLength(4)
    expect((await store.outbox.toArray())[0]?.status).toBe(`${FAILED}too many attempts`)
    server.pushWith = async ops => server.accept(ops)
    await outbox.retryFailed()
    await outbox.flush(() => true)
    expect(await store.outbox.count()).toBe(0)
  })

  it('does not try again what is refused for good, and is not blocked by it', async () => {
    const server = new TestServer()
    const { store, outbox } = await filled(520, server)
    await store.outbox.where('status').equals('pending').limit(510).modify({ status: `${FAILED}VALIDATION_ERROR` })
    await outbox.flush(() => true)
    expect(server.changes).toHaveLength(10)
  })

  it('keeps an op that got no answer of its own', async () => {
    const server = new TestServer()
    const { store, outbox } = await filled(2, server)
    server.pushWith = async ops => ({ results: [{ opId: ops[0]?.stamp.opId ?? '', success: true }], serverVersion: 1 })
    await outbox.flush(() => true)
    expect(await store.outbox.toArray()).toMatchObject([{ status: 'pending', attempts: 1 }])
  })
})

describe('the hybrid clock', () => {
  it('never goes back, whatever the device\'s clock does and whatever it has seen', () => {
    let now = 1_000_000
    const clock = new HybridClock('device-a', () => now)
    const stamps = [clock.next(), clock.next()]
    now -= 5000
    stamps.push(clock.next())
    clock.see(`${(2_000_000).toString(36).padStart(9, '0')}:00z:device-b`)
    stamps.push(clock.next())
    clock.see('opaque')
    stamps.push(clock.next())
    expect([...stamps].sort()).toEqual(stamps)
    expect(new Set(stamps).size).toBe(stamps.length)
    expect(stamps[3]).toBe(`${(2_000_000).toString(36).padStart(9, '0')}:010:device-a`)
  })
})

describe('newId', () => {
  it('makes UUIDs of version 4', () => {
    const ids = Array.from({ length: 200 }, newId)
    expect(new Set(ids).size).toBe(200)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })
})
