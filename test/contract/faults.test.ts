import { randomUUID } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { copyFile, open, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { PendingOp } from '../../src/runtime/server/host/contract'
import { random } from '../torture/stand'
import { failingStatements } from '../support/failing-statements'
import { eventOf, hlcAt, op, pullAll, pushAs } from '../support/ops'
import type { TestProvider } from '../support/provider'
import { openTestProvider, temporaryFolder, TestClock } from '../support/provider'
import { messageOp, threadOp } from '../support/rows'
import { bootstrap } from '../support/snapshots'
import { onSmallDisk } from '../support/tmpfs'

const WORKSPACE = 'w1'
const ada = eventOf('ada', WORKSPACE)
const scope = { workspaceId: WORKSPACE }

/** Everything in the database, as text. */
async function contentOf({ engine }: TestProvider): Promise<string> {
  const tables = await engine.all<{ name: string }>({ sql: 'SELECT name FROM sqlite_schema WHERE type = \'table\' AND name NOT GLOB \'sqlite_*\' ORDER BY name', parameters: [] })
  const rows = await Promise.all(tables.map(async ({ name }) => [name, await engine.all({ sql: `SELECT * FROM ${name} ORDER BY 1, 2`, parameters: [] })] as const))
  return JSON.stringify(rows, (_, value: unknown) => value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value)
}

function mixedBatch(): PendingOp[] {
  return [
    messageOp({ pk: 'old', clock: 5 }), messageOp({ pk: randomUUID() }), threadOp({ pk: randomUUID() }),
    messageOp({ pk: 'gone', operation: 'delete', clock: 9 }), op({ table: 'notifications', pk: randomUUID() }),
    messageOp({ pk: 'filed', clock: 3, payload: { ...messageOp({ pk: 'filed' }).payload as object, file_hashes: ['sha256:a'] } }),
  ]
}

describe('a disk that fails at any statement', () => {
  const calls: Record<string, (provider: TestProvider, turn: number) => Promise<unknown>> = {
    push: ({ syncGateway }) => syncGateway.push(ada, { scope, ops: mixedBatch() }),
    pull: ({ syncGateway }) => syncGateway.pull(ada, { scope, cursor: 0, limit: 10 }),
    snapshot: ({ syncGateway }) => bootstrap(syncGateway, ada, WORKSPACE, { pageSize: 2 }),
    updateCursor: ({ syncGateway }, turn) => syncGateway.updateCursor(ada, { scope, deviceId: `d${turn}`, version: 1 }),
    getOrCreateUser: ({ workspaceStore }, turn) => workspaceStore.getOrCreateUser({ provider: 'p', providerUserId: `u${turn}`, email: `u${turn}@example.com` }),
    createWorkspace: async ({ workspaceStore }, turn) => {
      const { userId } = await workspaceStore.getOrCreateUser({ provider: 'p', providerUserId: 'maker' })
      return workspaceStore.createWorkspace?.({ userId, name: `W${turn}` })
    },
    reserveUploadIntent: ({ syncGateway, clock }, turn) => syncGateway.reserveUploadIntent({}, {
      intentId: `i${turn}`, workspaceId: WORKSPACE, hash: `h${turn}`, mimeType: 'text/plain', sizeBytes: 5, expiresAt: Math.floor(clock.now() / 1000) + 60,
    }),
    createWebhook: ({ webhookStore }, turn) => webhookStore.createWebhook({
      scope: 'admin', user_id: null, workspace_id: null, url: `https://example.com/${turn}`, label: '', events: ['message.created'], custom_hooks: [], signing_secret_enc: 'x', enabled: true,
    }),
    createJob: ({ jobs }, turn) => jobs.createJob({ userId: 'ada', threadId: `t${turn}`, messageId: `m${turn}`, model: 'x' }),
  }

  it.each(Object.keys(calls))('%s: 503 and all or nothing, and it works again', async (name) => {
    const call = calls[name]
    if (!call) throw new Error(name)
    const failing = failingStatements()
    const provider = await openTestProvider({ host: { snapshots: true } })
    await pushAs(provider.syncGateway, ada, WORKSPACE, messageOp({ pk: 'old' }), messageOp({ pk: 'gone' }), messageOp({ pk: 'filed' }))
    let faults = 0
    for (let nth = 1; ; nth++) {
      const before = await contentOf(provider)
      failing.failAt(nth, nth % 2 === 0 ? 'SQLITE_IOERR_WRITE' : 'SQLITE_FULL')
      const error = await call(provider, nth).then(() => undefined, (reason: unknown) => reason)
      if (!failing.stop()) {
        expect(error).toBeUndefined()
        break
      }
      faults += 1
      expect(error).toMatchObject({ statusCode: 503, message: expect.stringMatching(/^The (disk|database)/) as string })
      // A call of several transactions may have ended some of them; those of sync are one.
      if (name === 'push' || name === 'updateCursor') expect(await contentOf(provider)).toBe(before)
    }
    expect(faults).toBeGreaterThan(1)
    expect(await provider.engine.check()).toEqual([])
    const { changes } = await pullAll(provider.syncGateway, ada, WORKSPACE)
    expect(changes.map(change => change.serverVersion)).toEqual(changes.map((_, index) => index + 1))
  })

  it('collection: what was removed left its receipt, wherever it ended', async () => {
    const failing = failingStatements()
    const provider = await openTestProvider({ host: { snapshots: true } })
    const { syncGateway, engine, clock } = provider
    for (let clockOf = 1; clockOf <= 700; clockOf += 100) {
      await pushAs(syncGateway, ada, WORKSPACE, ...Array.from({ length: 100 }, (_, index) => messageOp({ pk: `m${index % 3}`, clock: clockOf + index })))
    }
    const count = async (table: string) => (await engine.all<{ n: number }>({ sql: `SELECT COUNT(*) AS n FROM ${table}`, parameters: [] }))[0]?.n ?? 0
    let faults = 0
    for (let nth = 1; ; nth++) {
      clock.advance(60_000)
      failing.failAt(nth, 'SQLITE_IOERR_FSYNC')
      const error = await syncGateway.gcChangeLog({}, { scope, retentionSeconds: 3600 }).then(() => undefined, (reason: unknown) => reason)
      if (!failing.stop()) break
      faults += 1
      expect(error).toMatchObject({ statusCode: 503 })
      expect(await count('change_log') + await count('op_receipts')).toBe(700)
      if (nth === 3) clock.advance(7_200_000)
    }
    expect(faults).toBeGreaterThan(5)
    expect(await count('change_log')).toBeLessThan(700)
    expect(await count('s_messages')).toBe(3)
  })
})

describe('a WAL that lost its tail while the server was down', () => {
  it('leaves a prefix of what was pushed, whole batches only, and no version comes twice', async () => {
    const chance = random(20_261_121)
    const folder = await temporaryFolder()
    const path = join(folder, 'x.sqlite')
    const running = await openTestProvider({ path })
    const batches: PendingOp[][] = []
    for (let batch = 0; batch < 40; batch++) {
      const ops = Array.from({ length: 1 + Math.floor(chance() * 6) }, () => messageOp({ pk: randomUUID() }))
      await pushAs(running.syncGateway, ada, WORKSPACE, ...ops)
      batches.push(ops)
    }
    await expect.poll(async () => (JSON.parse(await readFile(`${path}.head`, 'utf8')) as { total: number }).total, { timeout: 5000 }).toBe(batches.flat().length)
    // As a kill leaves them, while the server still has them open.
    for (const name of ['', '-wal', '.head']) await copyFile(path + name, `${folder}/crashed${name}`)
    const wal = await stat(`${folder}/crashed-wal`)
    const ends = batches.map((_, index) => batches.slice(0, index + 1).flat().length)

    for (let round = 0; round < 30; round++) {
      const left = join(folder, `round-${round}.sqlite`)
      for (const name of ['', '-wal', '.head']) await copyFile(`${folder}/crashed${name}`, left + name)
      const file = await open(`${left}-wal`, 'r+')
      const at = Math.floor(chance() * wal.size)
      // Cut off, overwritten in the middle, or gone altogether.
      if (round % 3 === 0) await file.truncate(at)
      else if (round % 3 === 1) await file.write(Buffer.alloc(512, 0xA5), 0, 512, at)
      else await file.truncate(0)
      await file.close()

      const { syncGateway, engine } = await openTestProvider({ path: left })
      const { changes } = await pullAll(syncGateway, ada, WORKSPACE)
      expect([0, ...ends]).toContain(changes.length)
      expect(changes.map(change => change.stamp.opId)).toEqual(batches.flat().slice(0, changes.length).map(({ stamp }) => stamp.opId))
      expect(await engine.check()).toEqual([])
      const { results } = await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: 'new' }))
      expect(results[0]?.serverVersion).toBeGreaterThan(batches.flat().length)
    }
  })
})

describe('a damaged page', () => {
  it('is told as 503 where it is met, and never as a wrong answer or a 500', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'x.sqlite')
    const first = await openTestProvider({ path })
    for (let batch = 0; batch < 20; batch++) await pushAs(first.syncGateway, ada, WORKSPACE, ...Array.from({ length: 50 }, () => messageOp({ pk: randomUUID() })))
    const truth = (await pullAll(first.syncGateway, ada, WORKSPACE)).changes
    await first.close()
    const { size } = await stat(path)
    const told: unknown[] = []
    for (let page = 2; page < size / 4096; page += 5) {
      const damaged = join(folder, `page-${page}.sqlite`)
      await copyFile(path, damaged)
      const file = await open(damaged, 'r+')
      await file.write(Buffer.alloc(4096, 0xFF), 0, 4096, page * 4096)
      await file.close()
      const provider = await openTestProvider({ path: damaged })
      const calls = [
        pullAll(provider.syncGateway, ada, WORKSPACE).then(({ changes }) => expect(changes).toEqual(truth)),
        pushAs(provider.syncGateway, ada, WORKSPACE, ...mixedBatch()),
      ]
      for (const outcome of await Promise.allSettled(calls)) {
        if (outcome.status === 'fulfilled') continue
        told.push(outcome.reason)
        expect(outcome.reason).toMatchObject({ statusCode: 503 })
      }
    }
    expect(told.length).toBeGreaterThan(10)
  })
})

describe('a disk that was made read-only under a running server', () => {
  it('answers 503 to writes and goes on reading, and writes again once it may', context => onSmallDisk(context, 8, async (folder) => {
    const path = join(folder, 'x.sqlite')
    const first = await openTestProvider({ path })
    await pushAs(first.syncGateway, ada, WORKSPACE, messageOp({ pk: 'before' }))
    await first.close()
    execFileSync('mount', ['-o', 'remount,ro', folder])
    const { started, syncGateway, log, close } = await openTestProvider({ path })
    await started
    expect(log.lines.filter(line => line.startsWith('error'))).toHaveLength(1)
    await expect(pushAs(syncGateway, ada, WORKSPACE, messageOp())).rejects.toMatchObject({ statusCode: 503 })
    await close()
    execFileSync('mount', ['-o', 'remount,rw', folder])
    const again = await openTestProvider({ path })
    await pushAs(again.syncGateway, ada, WORKSPACE, messageOp({ pk: 'after' }))
    expect((await pullAll(again.syncGateway, ada, WORKSPACE)).changes.map(change => change.pk)).toEqual(['before', 'after'])
    await again.close()
  }))
})

describe('a clock that is set back and forth', () => {
  it('changes neither versions nor winners, and takes nothing from anybody', async () => {
    const { syncGateway, clock } = await openTestProvider({ host: { snapshots: true } })
    const start = clock.now()
    let version = 0
    for (const days of [0, -400, 3, -30_000, 20_000, -1, 0]) {
      clock.time = Math.max(1000, start + days * 86_400_000)
      const { results } = await pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: 'm1', clock: ++version }))
      expect(results[0]).toMatchObject({ success: true, applied: true, serverVersion: version })
      await syncGateway.updateCursor(ada, { scope, deviceId: 'd', version })
    }
    clock.time = start
    expect((await pullAll(syncGateway, ada, WORKSPACE)).changes).toHaveLength(version)
    await syncGateway.gcChangeLog({}, { scope, retentionSeconds: 3600 })
    const { items } = await bootstrap(syncGateway, ada, WORKSPACE)
    expect(items).toMatchObject([{ pk: 'm1', revision: { clock: version } }])
    const page = await syncGateway.pull(ada, { scope, cursor: version - 1, limit: 10 })
    expect(page.changes.length === 1 || page.requiresSnapshot).toBe(true)
  })
})

describe('a server that believes it is long ago', () => {
  const today = messageOp({ pk: 'm1', hlc: hlcAt(Date.UTC(2026, 10, 21)) })

  it('takes what devices of today write, where its own log was written later', async () => {
    const path = join(await temporaryFolder(), 'x.sqlite')
    const first = await openTestProvider({ path, clock: new TestClock(Date.UTC(2026, 10, 20)) })
    await pushAs(first.syncGateway, ada, WORKSPACE, messageOp({ pk: 'm0' }))
    await first.close()
    const later = await openTestProvider({ path, clock: new TestClock(Date.UTC(2026, 1, 1)) })
    expect((await pushAs(later.syncGateway, ada, WORKSPACE, today)).results).toMatchObject([{ success: true, applied: true }])
    const poisoned = messageOp({ hlc: hlcAt(Date.UTC(2099, 0, 1)) })
    expect((await pushAs(later.syncGateway, ada, WORKSPACE, poisoned)).results).toMatchObject([{ success: false, errorCode: 'VALIDATION_ERROR' }])
  })

  it('judges rightly again after a moment in which it believed to be in 2099', async () => {
    const clock = new TestClock(Date.UTC(2099, 0, 1))
    const { syncGateway } = await openTestProvider({ clock })
    await pushAs(syncGateway, ada, WORKSPACE, messageOp())
    clock.time = Date.UTC(2026, 10, 21)
    const poisoned = messageOp({ hlc: hlcAt(Date.UTC(2098, 0, 1)) })
    expect((await pushAs(syncGateway, ada, WORKSPACE, poisoned)).results).toMatchObject([{ success: false }])
  })

  it('takes them without a log too, where its time cannot be right', async () => {
    const { syncGateway } = await openTestProvider({ clock: new TestClock(0) })
    expect((await pushAs(syncGateway, ada, WORKSPACE, today)).results).toMatchObject([{ success: true, applied: true }])
  })
})

describe('a disk that is slow', () => {
  it('makes those who wait share a commit, lets nobody hear of it before, and reads go on', async () => {
    const failing = failingStatements()
    const { syncGateway } = await openTestProvider()
    let commits = 0
    failing.before = (sql) => {
      if (sql !== 'COMMIT') return
      commits += 1
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60)
    }
    const pushes = Array.from({ length: 20 }, (_, index) => pushAs(syncGateway, ada, WORKSPACE, messageOp({ pk: `m${index}` })))
    const reads = Array.from({ length: 5 }, () => syncGateway.pull(ada, { scope, cursor: 0, limit: 100 }))
    const [answers] = await Promise.all([Promise.all(pushes), Promise.all(reads)])
    expect(answers.map(({ serverVersion }) => serverVersion).length).toBe(20)
    expect(commits).toBeLessThan(20)
    expect((await pullAll(syncGateway, ada, WORKSPACE)).changes).toHaveLength(20)
  })
})

it('a file that is replaced by something else is refused, whatever it is', async () => {
  const chance = random(7)
  for (let round = 0; round < 20; round++) {
    const path = join(await temporaryFolder(), 'x.sqlite')
    await writeFile(path, Buffer.from(Array.from({ length: 1 + Math.floor(chance() * 9000) }, () => Math.floor(chance() * 256))))
    const { syncGateway, log } = await openTestProvider({ path })
    expect(log.lines.filter(line => line.startsWith('error'))).toHaveLength(1)
    await expect(pushAs(syncGateway, ada, WORKSPACE, messageOp())).rejects.toMatchObject({ statusCode: 503 })
  }
})
