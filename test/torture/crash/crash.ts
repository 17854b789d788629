import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { demand } from '../convergence/reference'
import type { Provider } from '../../../src/runtime/server/provider'
import type { Round, Verdict } from '../stand'
import { openProvider, random, withFolder } from '../stand'
import { bundle } from './bundle'
import { inspect } from './inspect'
import { readJournal } from './journal'

/** So many kills hit one file before a new one is begun. */
const KILLS_A_FILE = 25
const LONGEST_LIFE_MS = 150

/** Kills a server under load at random moments, again and again on the same file, and looks at what is left. */
export async function crash(round: Round): Promise<Verdict> {
  const worker = await bundle('test/torture/crash/writer.ts')
  try {
    return await campaign(round, async (folder, kill) => {
      const path = join(folder, 'data.sqlite')
      // Every other file with collection and copies at work.
      const chores = kill.file % 2 === 1
      const child = spawn(process.execPath, [worker, path, join(folder, 'journal'), String(kill.life), String(kill.seed), chores ? 'chores' : ''], { stdio: ['ignore', 'ignore', 'inherit'] })
      await killAt(child, () => hasLine(join(folder, 'journal'), `{"up":"${kill.life}"}`), kill.chance() * LONGEST_LIFE_MS)
      const journal = readJournal(join(folder, 'journal'))
      demand(journal.reports.length === 0, () => `the server reported: ${journal.reports.join('; ')}`)
      inspectCopies(folder, path, journal)
      // Opened as the next start will open it: with whatever the WAL holds.
      const provider = await openProvider(path, { host: { snapshots: true } })
      await provider.close()
      inspect(path, journal, chores)
    })
  }
  finally {
    rmSync(worker, { force: true })
  }
}

/** Kills a process that migrates up and down, and looks whether the next start makes it whole. */
export async function crashMigrating(round: Round): Promise<Verdict> {
  const worker = await bundle('test/torture/crash/migrating.ts')
  try {
    return await campaign(round, async (folder, kill) => {
      const path = join(folder, 'data.sqlite')
      const child = spawn(process.execPath, [worker, path, join(folder, 'journal')], { stdio: ['ignore', 'ignore', 'inherit'] })
      await killAt(child, () => existsSync(join(folder, 'journal')), kill.chance() * LONGEST_LIFE_MS)
      rmSync(join(folder, 'journal'))
      const provider = await openProvider(path)
      try {
        const schema = await schemaOf(provider)
        const fresh = await openProvider(join(folder, 'fresh', `${kill.life}.sqlite`))
        const expected = await schemaOf(fresh)
        await fresh.close()
        demand(schema === expected, () => 'the schema is another one after a killed migration')
        const faults = await provider.engine.check()
        demand(faults.length === 0, () => faults.join('; '))
      }
      finally {
        await provider.close()
      }
    })
  }
  finally {
    rmSync(worker, { force: true })
  }
}

interface Kill {
  readonly file: number
  /** The life that this kill ends, counted within the file. */
  readonly life: number
  readonly seed: number
  readonly chance: () => number
}

async function campaign({ runs, seed, say }: Round, work: (folder: string, kill: Kill) => Promise<void>): Promise<Verdict> {
  const chance = random(seed)
  let done = 0
  for (let file = 0; done < runs; file++) {
    const fault = await withFolder(async (folder) => {
      for (let life = 0; life < KILLS_A_FILE && done < runs; life++, done++) {
        try {
          await work(folder, { file, life, seed: seed + done, chance })
        }
        catch (error) {
          return `${String(error)} after kill ${life} of file ${file}, seed ${seed}`
        }
      }
      return undefined
    })
    if (fault !== undefined) return { runs: done, fault }
    say?.(`${done} of ${runs} kills`)
  }
  return { runs: done, fault: undefined }
}

/** Waits for the process to be at work, then for its time, then kills it where it stands. */
async function killAt(child: ChildProcess, isAtWork: () => boolean, lifeMs: number): Promise<void> {
  const ended = once(child, 'close')
  while (!isAtWork() && child.exitCode === null) await delay(2)
  await delay(lifeMs)
  const ranOn = child.exitCode === null
  child.kill('SIGKILL')
  await ended
  demand(ranOn, () => `the process ended by itself with ${child.exitCode}`)
}

function hasLine(path: string, line: string): boolean {
  return existsSync(path) && readFileSync(path, 'utf8').includes(line)
}

/** A copy is there as a whole or not at all, and has what was acknowledged before it began. */
function inspectCopies(folder: string, path: string, journal: ReturnType<typeof readJournal>): void {
  for (const [name, copy] of journal.copies) {
    const file = `${path}.copy-${name}`
    if (!existsSync(file)) continue
    const acknowledged = new Map(copy.acknowledged.flatMap((batch) => {
      const found = journal.batches.get(batch)
      return found ? [[batch, found] as const] : []
    }))
    inspect(file, { ...journal, batches: acknowledged }, true)
    for (const part of ['', '-wal', '-shm']) rmSync(file + part, { force: true })
  }
  const leftOver = readdirSync(folder).filter(name => name.includes('.copy-') && !/\.part(?:-journal)?$/.test(name))
  demand(leftOver.length === 0, () => `files nobody asked for: ${leftOver.join(', ')}`)
}

async function schemaOf({ engine }: Provider): Promise<string> {
  const rows = await engine.all<{ name: string, sql: string }>({ sql: 'SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB \'sqlite_*\' ORDER BY name', parameters: [] })
  return JSON.stringify(rows)
}
