/** What `work` gives, and how often the event loop went round meanwhile: how often others had a chance. */
export async function countTurns<Result>(work: Promise<Result>): Promise<{ result: Result, turns: number }> {
  let turns = 0
  let running = true
  const turn = () => {
    turns += 1
    if (running) setImmediate(turn)
  }
  setImmediate(turn)
  const result = await work
  running = false
  return { result, turns }
}
