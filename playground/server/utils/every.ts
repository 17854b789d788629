/**
 * Does `work`, called `what` in the log, again and again, `pauseMs` after it has ended, until the returned function is called, which
 * settles when the last one has ended. A failure is told once in a row: the next time is tried all the same.
 */
export function every(what: string, pauseMs: number, work: () => Promise<unknown>): () => Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<void> = Promise.resolve()
  let stopped = false
  let failing = false

  const round = async () => {
    try {
      await work()
      failing = false
    }
    catch {
      // Why is in the provider's own log, or in a response; here it would be said again for every plugin.
      if (!failing && !stopped) console.error(`${what} failed and is tried again`)
      failing = true
    }
    if (!stopped) timer = setTimeout(begin, pauseMs)
  }
  const begin = () => {
    running = round()
  }
  timer = setTimeout(begin, 0)
  return async () => {
    stopped = true
    clearTimeout(timer)
    await running
  }
}
