import { mkdir, writeFile } from 'node:fs/promises'
import { chart } from './chart'
import { measureDisk, measureGrowth } from './growth'
import { measureCluster, measureHttpPush, measureLoop } from './http'
import { measureDurability, measureMemoryApart } from './load'
import type { Row } from './measure'
import { measureStorage } from './storage'

/*
 * The work the package exists for, each beside a floor of its own, in one run on one machine. A ratio says
 * more than a time: the machine is the same on both sides. `npm run bench -- storage http` runs some parts.
 */

const PARTS: Record<string, () => Promise<Row[]>> = {
  storage: measureStorage,
  http: measureHttpPush,
  cluster: measureCluster,
  loop: measureLoop,
  durability: measureDurability,
  disk: measureDisk,
  memory: measureMemoryApart,
  growth: measureGrowth,
}

async function main(): Promise<void> {
  const wanted = process.argv.slice(2)
  const unknown = wanted.find(part => !Object.hasOwn(PARTS, part))
  if (unknown !== undefined) throw new Error(`There is no part ${unknown}. There are: ${Object.keys(PARTS).join(', ')}`)
  const rows: Row[] = []
  console.log(`${'id'.padEnd(20)}${'value'.padStart(14)}${'floor'.padStart(14)}${'ratio'.padStart(8)}  unit`)
  for (const [name, measure] of Object.entries(PARTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    for (const row of await measure()) {
      rows.push(row)
      console.log(`${row.id.padEnd(20)}${shown(row.value).padStart(14)}${shown(row.floor).padStart(14)}${row.ratio.toFixed(2).padStart(8)}  ${row.unit}`)
    }
  }
  if (wanted.length > 0) return
  await mkdir('bench/results', { recursive: true })
  await writeFile('bench/results/latest.json', `${JSON.stringify(rows, null, 2)}\n`)
  await writeFile('docs/performance.svg', chart(rows))
}

function shown(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2)
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
