import { describe, expect, it } from 'vitest'
import { convergence } from './convergence/convergence'
import { crash, crashMigrating } from './crash/crash'
import { fuzz } from './fuzz/fuzz'
import { soak } from './soak/soak'

/* A few minutes of what `npm run torture` does for hours. The seed is the same each time; a fault names it. */
const seed = 20_261_121

describe('whatever happens', { timeout: 600_000 }, () => {
  it('devices converge to what a model without SQL says, and every answer on the way is true', async () => {
    expect(await convergence({ runs: 2500, seed })).toMatchObject({ fault: undefined })
  })

  it('a killed server has kept what it acknowledged, and no part of what it had not finished', async () => {
    expect(await crash({ runs: 150, seed })).toMatchObject({ fault: undefined })
  })

  it('a killed migration is finished or undone by the next start', async () => {
    expect(await crashMigrating({ runs: 75, seed })).toMatchObject({ fault: undefined })
  })

  it('no argument makes a store fall over, write by half, or say too much', async () => {
    expect(await fuzz({ runs: 25_000, seed })).toMatchObject({ fault: undefined })
  })

  it('an hour of a team leaves memory, handles, file, WAL and statements as they were', async () => {
    expect(await soak({ runs: 240, seed })).toMatchObject({ fault: undefined })
  })
})
