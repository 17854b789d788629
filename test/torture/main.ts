import { parseArgs } from 'node:util'
import { convergence } from './convergence/convergence'
import { crash, crashMigrating } from './crash/crash'
import { fuzz } from './fuzz/fuzz'
import { soak } from './soak/soak'
import type { Round, Verdict } from './stand'

/*
 * npm run torture -- [--runs N] [--seed S] [--only convergence|crash|migrating|fuzz|soak]
 * Looks for what breaks for as long as it is told to. The seed it prints finds a fault again.
 */

const SUITES: Record<string, { readonly runs: number, readonly play: (round: Round) => Promise<Verdict> }> = {
  convergence: { runs: 100_000, play: convergence },
  crash: { runs: 1000, play: crash },
  migrating: { runs: 500, play: crashMigrating },
  fuzz: { runs: 500_000, play: fuzz },
  soak: { runs: 5000, play: soak },
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { runs: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } } })
  const seed = Number(values.seed ?? Date.now() % 1_000_000_000)
  const names = values.only === undefined ? Object.keys(SUITES) : values.only.split(',')
  const unknown = names.filter(name => !(name in SUITES))
  if (unknown.length > 0 || !Number.isInteger(seed) || (values.runs !== undefined && !(Number(values.runs) > 0))) {
    console.error(`usage: npm run torture -- [--runs N] [--seed S] [--only ${Object.keys(SUITES).join('|')}]`)
    return 2
  }
  console.log(`seed ${seed}`)
  let faults = 0
  for (const name of names) {
    const suite = SUITES[name]
    if (!suite) continue
    const started = performance.now()
    const verdict = await suite.play({ runs: Number(values.runs ?? suite.runs), seed, say: line => console.log(`${name}: ${line}`) })
    for (const note of verdict.notes ?? []) console.log(`${name}: ${note}`)
    console.log(`${name}: ${verdict.fault === undefined ? `no fault in ${verdict.runs} runs` : `FAULT (seed ${seed})\n${verdict.fault}`}, ${((performance.now() - started) / 1000).toFixed(0)} s`)
    if (verdict.fault !== undefined) faults += 1
  }
  return faults > 0 ? 1 : 0
}

void main().then(code => process.exitCode = code)
