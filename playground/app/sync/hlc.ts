/**
 * A stamp of the host client's form (contract §3.5): nine base-36 digits of milliseconds, three of a
 * counter, and the device. Comparing the texts compares the times.
 */
export function formatHlc(ms: number, counter: number, node: string): string {
  return `${ms.toString(36).padStart(9, '0')}:${counter.toString(36).padStart(3, '0')}:${node}`
}

/** A hybrid logical clock: its stamps follow everything made or seen before. */
export class HybridClock {
  #ms = 0
  #counter = 0

  constructor(private readonly node: string, private readonly now: () => number = Date.now) {}

  /** The stamp of a local write: later than every stamp made or seen before. */
  next(): string {
    const now = this.now()
    if (now > this.#ms) {
      this.#ms = now
      this.#counter = 0
    }
    else {
      this.#counter += 1
    }
    return formatHlc(this.#ms, this.#counter, this.node)
  }

  /** Takes notice of another device's stamp, so that the next local one comes after it. */
  see(hlc: string): void {
    if (!/^[0-9a-z]{9}:[0-9a-z]{3}:/.test(hlc)) return
    const ms = Number.parseInt(hlc.slice(0, 9), 36)
    const counter = Number.parseInt(hlc.slice(10, 13), 36)
    if (ms > this.#ms || (ms === this.#ms && counter > this.#counter)) {
      this.#ms = ms
      this.#counter = counter
    }
  }
}
