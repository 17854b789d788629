import { deepStrictEqual } from 'node:assert'
import type { TestClock } from '../../support/provider'
import type { Backend } from './backend'
import type { Change, PushTrouble } from './device'
import { Device } from './device'
import { TABLES } from './payloads'
import { demand, Reference } from './reference'

/** Something that happens. Devices and workspaces are named by a number, taken modulo how many there are. */
export type Step
  = | { readonly kind: 'write', readonly device: number, readonly table: number, readonly key: number, readonly change: Change, readonly jump: number, readonly sameTime: boolean }
    | { readonly kind: 'push', readonly device: number, readonly count: number, readonly trouble: PushTrouble }
    | { readonly kind: 'pull', readonly device: number, readonly limit: number, readonly pages: number, readonly answerLost: boolean }
    | { readonly kind: 'bootstrap', readonly device: number, readonly pageSize: number }
    | { readonly kind: 'restart', readonly device: number, readonly share: number }
    | { readonly kind: 'report', readonly device: number }
    | { readonly kind: 'join', readonly user: number, readonly workspace: number }
    | { readonly kind: 'collect', readonly workspace: number, readonly retentionSeconds: number }
    | { readonly kind: 'wait', readonly hours: number }
    | { readonly kind: 'drift', readonly device: number, readonly hours: number }

export interface WorldOptions {
  readonly backend: Backend
  readonly clock: TestClock
  /** What the devices are called; no other run has used it. */
  readonly name: string
  /** Workspaces that nothing was written into. Every user is a member of each. */
  readonly workspaceIds: readonly string[]
  readonly userIds: readonly string[]
}

const HOUR_MS = 3_600_000
const MAX_DEVICES = 12
const MAX_ROUNDS = 60
const MAX_HOURS = 17_000

/** Devices of several users in several workspaces, and what must be true of them at every moment. */
export class World {
  readonly #references: Reference[]
  readonly #devices: Device[] = []
  #waited = 0

  constructor(private readonly options: WorldOptions) {
    this.#references = options.workspaceIds.map(() => new Reference(options.backend.snapshots, options.backend.terse))
    this.#joinAll()
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#happen(step)
    await this.#comeToRest()
  }

  async #happen(step: Step): Promise<void> {
    switch (step.kind) {
      case 'join': return this.#join(step.user, step.workspace)
      case 'wait': return this.#wait(step.hours)
      case 'collect': {
        const { workspaceIds } = this.options
        const workspace = step.workspace % workspaceIds.length
        this.#references[workspace]?.noteCollection()
        return this.options.backend.collect(workspaceIds[workspace] ?? '', step.retentionSeconds)
      }
    }
    const device = this.#devices[step.device % this.#devices.length]
    if (!device) return
    switch (step.kind) {
      case 'write': return device.write({ ...step, table: TABLES[step.table % TABLES.length] ?? 'messages', pk: `k${step.key}` })
      case 'push': return device.push(step.count, step.trouble)
      case 'pull': return void await device.pull(step.limit, step.pages, step.answerLost)
      case 'bootstrap': return device.bootstrapPage(step.pageSize)
      case 'restart': return device.restart(step.share)
      case 'report': return device.reportCursor()
      case 'drift': device.drift = step.hours * HOUR_MS
    }
  }

  /** Not longer in all than receipts last: a retry after that is a new op, and says so nowhere. */
  #wait(hours: number): void {
    if (this.#waited + hours > MAX_HOURS) return
    this.#waited += hours
    this.options.clock.advance(hours * HOUR_MS)
  }

  /** One more device for each user in each workspace. */
  #joinAll(): void {
    for (const workspace of this.options.workspaceIds.keys()) {
      for (const user of this.options.userIds.keys()) this.#join(user, workspace)
    }
  }

  #join(user: number, workspace: number): void {
    const { backend, clock, name, userIds, workspaceIds } = this.options
    const workspaceId = workspaceIds[workspace % workspaceIds.length]
    const userId = userIds[user % userIds.length]
    const reference = this.#references[workspace % workspaceIds.length]
    if (this.#devices.length >= MAX_DEVICES || !reference || workspaceId === undefined || userId === undefined) return
    this.#devices.push(new Device(`${name}-d${this.#devices.length}`, userId, workspaceId, { backend, reference, now: () => clock.now() }))
  }

  /** Everybody comes online and goes on until nothing is left to say; then all must have the same. */
  async #comeToRest(): Promise<void> {
    // New devices, which have nothing and get everything.
    this.#joinAll()
    for (let round = 0; ; round++) {
      demand(round < MAX_ROUNDS, () => 'the devices do not come to rest')
      const wereQuiet = this.#devices.every(device => device.isQuiet)
      let heard = 0
      for (const device of this.#devices) {
        await device.push(50, 'none')
        await device.bootstrapPage(7)
        heard += await device.pull(7, 100, false)
      }
      if (heard === 0 && wereQuiet) break
    }
    for (const device of this.#devices) {
      deepStrictEqual(sorted(device.rows()), sorted(this.#referenceOf(device).rowsFor(device.userId)), `${device.id} has other rows than the reference`)
    }
  }

  #referenceOf(device: Device): Reference {
    const reference = this.#references[this.options.workspaceIds.indexOf(device.workspaceId)]
    if (!reference) throw new Error('no reference')
    return reference
  }
}

function sorted(rows: Map<string, unknown>): [string, unknown][] {
  return [...rows].sort(([left], [right]) => left < right ? -1 : 1)
}
