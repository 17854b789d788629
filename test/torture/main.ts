import { convergence } from './convergence/convergence'
import { crash, crashMigrating } from './crash/crash'

const SUITES = { convergence, crash, migrating: crashMigrating }

async function main(): Promise<void> {
  const [name = 'convergence', runs = '10', seed = '1'] = process.argv.slice(2)
  const started = Date.now()
  const suite = SUITES[name as keyof typeof SUITES]
  const verdict = await suite({ runs: Number(runs), seed: Number(seed), say: line => console.log(line) })
  console.log(verdict.fault ?? 'ok', Date.now() - started)
}

void main()
