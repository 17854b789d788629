import { setImmediate } from 'node:timers/promises'

/** The host's `emitWebhookSystemHook`; it promises not to throw and may take its time. */
export type EmitHook = (name: string, payload: Record<string, unknown>) => unknown

const EVENTS_A_TURN = 10

/** Hands hooks to the host after the answer is on its way, so that no push waits for them (trap S24). */
export class HookQueue {
  readonly #running = new Set<Promise<void>>()

  /** `emit` is undefined on hosts without webhooks. */
  constructor(private readonly emit: EmitHook | undefined, private readonly onFault: (message: string) => void) {}

  /** `list` is asked for the events later, so that preparing them delays nothing either. */
  add(list: () => readonly { readonly name: string, readonly payload: Record<string, unknown> }[]): void {
    const { emit } = this
    if (!emit) return
    const run = this.#run(emit, list).finally(() => this.#running.delete(run))
    this.#running.add(run)
  }

  /** Settles when everything added so far is handed over. */
  async idle(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #run(emit: EmitHook, list: Parameters<HookQueue['add']>[0]): Promise<void> {
    await setImmediate()
    const events = list()
    // Started in order and not one after the other: a slow one holds none of the rest up.
    const running: Promise<void>[] = []
    for (const [index, { name, payload }] of events.entries()) {
      // The host looks up who wants to hear of each: a big push must not hold the server up with that.
      if (index > 0 && index % EVENTS_A_TURN === 0) await setImmediate()
      running.push(this.#tell(emit, name, payload))
    }
    await Promise.all(running)
  }

  async #tell(emit: EmitHook, name: string, payload: Record<string, unknown>): Promise<void> {
    try {
      await emit(name, payload)
    }
    catch {
      this.onFault(`The host did not take the hook ${name.split(':')[0]}.`)
    }
  }
}
