/** Who is watching which job right now: nobody has to be told of what they see (contract §2.9). */
class Viewers {
  readonly #counts = new Map<string, number>()

  /** Returns how to leave again. */
  join(jobId: string): () => void {
    this.#counts.set(jobId, this.count(jobId) + 1)
    return () => {
      const left = this.count(jobId) - 1
      if (left > 0) this.#counts.set(jobId, left)
      else this.#counts.delete(jobId)
    }
  }

  count(jobId: string): number {
    return this.#counts.get(jobId) ?? 0
  }
}

export const viewers = new Viewers()
