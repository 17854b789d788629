import { join } from 'node:path'
import fc from 'fast-check'
import type { Provider } from '../../../src/runtime/server/provider'
import { checkedGateway } from '../../support/checked-gateway'
import { TestClock } from '../../support/provider'
import type { Round, Verdict } from '../stand'
import { openProvider, withFolder } from '../stand'
import type { Backend } from './backend'
import { gatewayBackend } from './backend'
import type { Story } from './steps'
import { story } from './steps'
import { World } from './world'

/** A file is used for so many runs: the runs know nothing of each other, which is a test by itself. */
const RUNS_A_FILE = 1000

/**
 * Plays random stories of devices that write, push, pull, vanish and come back, and checks every answer
 * and the end against a model without SQL. Shrinks what it finds; the same seed finds it again.
 */
export async function convergence({ runs, seed, say }: Round): Promise<Verdict> {
  for (let done = 0; done < runs; done += RUNS_A_FILE) {
    const numRuns = Math.min(RUNS_A_FILE, runs - done)
    const fault = await withFolder(folder => playOn(folder, { numRuns, seed: seed + done }))
    if (fault !== undefined) return { runs: done + numRuns, fault }
    say?.(`${done + numRuns} of ${runs} stories`)
  }
  return { runs, fault: undefined }
}

async function playOn(folder: string, { numRuns, seed }: { numRuns: number, seed: number }): Promise<string | undefined> {
  const clock = new TestClock()
  const opened: Provider[] = []
  // Two providers on each file: what one keeps in memory must not be wrong after the other has written.
  const open = async (snapshots: boolean): Promise<Backend> => {
    const path = join(folder, `${snapshots ? 'august' : 'february'}.sqlite`)
    const pair = [await openProvider(path, { clock, host: { snapshots } }), await openProvider(path, { clock, host: { snapshots } })]
    opened.push(...pair)
    return gatewayBackend(pair.map(provider => checkedGateway(provider.syncGateway)))
  }
  const backends = { august: await open(true), february: await open(false) }
  let told = 0
  try {
    const details = await fc.check(fc.asyncProperty(story, async ({ snapshots, workspaces, users, steps }: Story) => {
      const backend = snapshots ? backends.august : backends.february
      const name = `s${told++}`
      const names = (count: number, of: string) => Array.from({ length: count }, (_, index) => `${name}-${of}${index}`)
      await new World({ backend, clock, name, workspaceIds: names(workspaces, 'w'), userIds: names(users, 'u') }).play(steps)
    }), { numRuns, seed })
    if (details.failed) return `${String(details.errorInstance)}\n${await fc.asyncDefaultReportMessage(details)}`
    for (const provider of opened) {
      const faults = await provider.engine.check()
      if (faults.length > 0) return faults.join('; ')
    }
    return undefined
  }
  finally {
    for (const provider of opened) await provider.close()
  }
}
