import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import Database from 'better-sqlite3'
import type { Provider } from '../../../src/runtime/server/provider'
import { eventOf } from '../../support/ops'
import { TestClock } from '../../support/provider'
import { messageOp } from '../../support/rows'
import { bootstrap } from '../../support/snapshots'
import { demand } from '../convergence/reference'
import type { Round, Verdict } from '../stand'
import { openProvider, random, withFolder } from '../stand'

const KEYS = 400
const OPS = 20
const WORKSPACE = 'w'
const scope = { workspaceId: WORKSPACE }
const MIB = 1024 * 1024

/** The WAL is cut back to 64 MiB (hazard F12), and a commit may be on its way. */
const MAX_WAL = 72 * MIB
/** What stays of a collected op for two years, so that a late retry is known. */
const RECEIPT_BYTES = 180
const MAX_HEAP_GROWTH = 12 * MIB

interface Use {
  readonly heap: number
  readonly handles: number
  readonly file: number
  readonly wal: number
  readonly prepared: number
  readonly receipts: number
}

/**
 * Mixed traffic on rows that stay as many as they are: once the server has warmed up, memory, handles, the
 * file, the WAL and the prepared statements must stay as they are too. A round is about a minute of a team's
 * time; collection and housekeeping run as often as a host runs them.
 */
export async function soak({ runs, seed, say }: Round): Promise<Verdict> {
  return withFolder(async (folder) => {
    const prepared = countPrepared()
    const path = join(folder, 'soak.sqlite')
    const clock = new TestClock()
    const provider = await openProvider(path, { clock, host: { snapshots: true } })
    const traffic = new Traffic(provider, clock, seed)
    const look = async (): Promise<Use> => {
      collectGarbage()
      const [row] = await provider.engine.all<{ receipts: number }>({ sql: 'SELECT COUNT(*) AS receipts FROM op_receipts', parameters: [] })
      return {
        receipts: row?.receipts ?? 0, heap: process.memoryUsage().heapUsed, handles: process.getActiveResourcesInfo().length, file: statSync(path).size, wal: existsSync(`${path}-wal`) ? statSync(`${path}-wal`).size : 0, prepared: prepared.count() }
    }
    try {
      const warmUp = Math.max(20, Math.floor(runs / 4))
      for (let round = 0; round < warmUp; round++) await traffic.round(round)
      const before = await look()
      for (let round = warmUp; round < warmUp + runs; round++) {
        await traffic.round(round)
        if (round % 500 === 499) say?.(`${round - warmUp + 1} of ${runs} rounds`)
      }
      const after = await look()
      const notes = [`heap ${mib(before.heap)} -> ${mib(after.heap)}, file ${mib(before.file)} -> ${mib(after.file)}, WAL ${mib(after.wal)}, handles ${before.handles} -> ${after.handles}, statements ${before.prepared} -> ${after.prepared}, receipts ${before.receipts} -> ${after.receipts}`]
      demand(after.heap - before.heap < MAX_HEAP_GROWTH, () => `the heap grew: ${notes[0]}`)
      demand(after.handles <= before.handles, () => `handles are left open: ${notes[0]}`)
      demand(after.prepared === before.prepared, () => `statements are prepared again: ${notes[0]}`)
      demand(after.wal < MAX_WAL, () => `the WAL grew: ${notes[0]}`)
      demand(after.file < before.file * 1.5 + MIB + (after.receipts - before.receipts) * RECEIPT_BYTES, () => `the file grew: ${notes[0]}`)
      return { runs, fault: undefined, notes }
    }
    catch (error) {
      return { runs, fault: String(error) }
    }
    finally {
      prepared.restore()
      await provider.close()
    }
  })
}

class Traffic {
  readonly #chance: () => number
  #turn = 0

  constructor(private readonly provider: Provider, private readonly clock: TestClock, seed: number) {
    this.#chance = random(seed)
  }

  async round(round: number): Promise<void> {
    const { syncGateway, rateLimits, jobs, webhookStore } = this.provider
    const event = eventOf(`u${round % 5}`, WORKSPACE)
    this.clock.advance(60_000)
    await Promise.all([0, 1, 2, 3].map(() => syncGateway.push(event, { scope, ops: this.#ops() })))
    const { changes } = await syncGateway.pull(event, { scope, cursor: Math.max(0, this.#turn - 100), limit: 300 })
    const last = changes.at(-1)?.serverVersion ?? 0
    await syncGateway.updateCursor(event, { scope, deviceId: `d${round % 7}`, version: last })
    if (round % 3 === 0) await bootstrap(syncGateway, event, WORKSPACE, { pageSize: 200 })
    // One that nobody ever comes back for.
    if (round % 5 === 0) await syncGateway.snapshot(event, { scope, pageSize: 10 })
    await rateLimits.checkAndRecord(`key-${round}`, { windowMs: 1000, maxRequests: 5 })
    const now = Math.floor(this.clock.now() / 1000)
    await syncGateway.reserveUploadIntent({}, { intentId: `i${round}`, workspaceId: WORKSPACE, hash: `h${round}`, mimeType: 'text/plain', sizeBytes: 10, expiresAt: now + 60 })
    const job = await jobs.createJob({ userId: 'u', threadId: 't', messageId: `m${round}`, model: 'x' })
    await jobs.completeJob(job, 'done')
    await jobs.cleanupExpired()
    await webhookStore.listWebhooksByEvent('message.created', 'admin', WORKSPACE)
    if (round % 10 === 0) {
      this.clock.advance(600_000)
      await this.provider.tidy()
    }
    if (round % 20 === 0) await syncGateway.gcChangeLog({}, { scope, retentionSeconds: 3600 })
  }

  #ops() {
    return Array.from({ length: OPS }, () => {
      this.#turn += 1
      const pk = `k${Math.floor(this.#chance() * KEYS)}`
      return messageOp({ pk, clock: this.#turn, operation: this.#chance() < 0.1 ? 'delete' : 'put', text: 'x'.repeat(300) })
    })
  }
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`
}

/** Node.js gives no way to it but this, short of a flag of the process. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let time = 0; time < 3; time++) collect()
}

function countPrepared(): { count: () => number, restore: () => void } {
  const prototype = Database.prototype as unknown as { prepare: (sql: string) => unknown }
  const original = prototype.prepare
  let count = 0
  prototype.prepare = function (this: unknown, sql: string) {
    count += 1
    return original.call(this, sql)
  }
  return { count: () => count, restore: () => void (prototype.prepare = original) }
}
