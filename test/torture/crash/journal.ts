import { readFileSync } from 'node:fs'
import { toUuid } from '../../../src/runtime/server/operations/adopt-rows'

interface Batch {
  readonly workspaceId: string
  readonly size: number
  /** Once acknowledged. */
  versions?: readonly number[]
}

/** What the lives of a server began and what was acknowledged. */
export interface Journal {
  readonly batches: ReadonlyMap<string, Batch>
  /** What was acknowledged before each copy began; whether it was said to be done. */
  readonly copies: ReadonlyMap<string, { readonly acknowledged: readonly string[], done: boolean }>
  readonly lives: number
  /** What the server reported. */
  readonly reports: readonly string[]
}

export function readJournal(path: string): Journal {
  const batches = new Map<string, Batch>()
  const copies = new Map<string, { acknowledged: string[], done: boolean }>()
  const acknowledged: string[] = []
  const reports: string[] = []
  let lives = 0
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    // The last line of a life may be half written.
    const entry = parse(line)
    if (entry.up !== undefined) lives += 1
    if (typeof entry.begin === 'string') batches.set(entry.begin, { workspaceId: String(entry.workspaceId), size: Number(entry.size) })
    if (typeof entry.acknowledged === 'string') {
      acknowledged.push(entry.acknowledged)
      const batch = batches.get(entry.acknowledged)
      if (batch) batch.versions = entry.versions as number[]
    }
    if (typeof entry.copying === 'string') copies.set(entry.copying, { acknowledged: [...acknowledged], done: false })
    const copy = typeof entry.copied === 'string' ? copies.get(entry.copied) : undefined
    if (copy) copy.done = true
    for (const report of [entry.warned, entry.failed]) if (typeof report === 'string') reports.push(report)
  }
  return { batches, copies, lives, reports }
}

function parse(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>
  }
  catch {
    return {}
  }
}

/** The op ids of a batch follow from its name, so that nobody has to write them down. */
export function opIdOf(batch: string, index: number): string {
  return toUuid(`${batch}/${index}`)
}
