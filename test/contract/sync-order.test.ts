import { describe, expect, it } from 'vitest'
import { compareRevision } from '../../src/runtime/server/sync/revision'
import { eventOf, op, pushAs } from '../support/ops'
import { openTestProvider } from '../support/provider'

const SEED = 20_261_121
const WORKSPACE = 'ws-1'

/** A small generator of the same numbers each time. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

describe('the order SQL decides by', () => {
  it(`is that of compareRevision, for puts and deletes, in one batch and in two (seed ${SEED})`, async () => {
    const random = randomFrom(SEED)
    const texts = ['a', 'b', 'ab', 'é', '\uD7FF', '\uE000', '\uFFFD', '\u{1F600}', '\u{10FFFF}']
    const { syncGateway } = await openTestProvider()
    const event = eventOf('ada', WORKSPACE)
    for (let round = 0; round < 400; round++) {
      const pk = `m${round}`
      const pair = [0, 1].map(() => op({
        pk,
        operation: random(3) === 0 ? 'delete' : 'put',
        clock: random(2),
        hlc: texts[random(texts.length)] ?? 'a',
        opId: `00000000-0000-4000-8000-${random(1e6).toString().padStart(12, '0')}`,
      }))
      const [first, second] = pair
      if (!first || !second || first.stamp.opId === second.stamp.opId) continue
      const apart = random(2) === 0
      if (apart) await pushAs(syncGateway, event, WORKSPACE, first)
      const { results } = await pushAs(syncGateway, event, WORKSPACE, ...apart ? [second] : pair)
      const secondWins = compareRevision(second.stamp, first.stamp) > 0
      expect(results.at(-1)?.applied, JSON.stringify(pair.map(({ stamp }) => stamp))).toBe(secondWins)
      if (!apart) expect(results[0]?.applied).toBe(!secondWins)
    }
  })
})
