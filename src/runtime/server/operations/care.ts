import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../clock'
import type { Engine } from '../engine/engine'
import { countChanged, prepared } from '../engine/engine'
import { collectChangeLog, MAX_RETENTION_SECONDS } from '../sync/collect'
import { backupName, makeBackup, rotateBackups } from './backup'

/** What a server does by itself, and how often. */
export interface CareOptions {
  readonly path: string
  /** Where backups go; undefined: none are made. */
  readonly backup: { readonly everyMs: number, readonly keep: number, readonly folder: string } | undefined
  readonly collect: { readonly everyMs: number, readonly retentionSeconds: number } | undefined
}

export interface CareParts {
  readonly engine: Engine
  readonly clock: Clock
  readonly snapshots: boolean
  readonly log: { info(message: string): void, warn(message: string): void }
  readonly onCollected?: (entries: number) => void
}

/** A process that was killed at its chore holds it up for this long; a longer chore is begun once more by nobody but a cluster. */
const LEASE_MS = 3_600_000
/** After a failure it is tried again this much later. */
const RETRY_MS = 900_000

/* One statement, so that of several processes one gets it. Times from a clock that was ahead count for nothing. */
const claim = prepared<{ name: string }>(`
  INSERT INTO chores (name, claimed_by, claimed_until_ms) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET claimed_by = excluded.claimed_by, claimed_until_ms = excluded.claimed_until_ms
  WHERE (chores.claimed_until_ms <= ? OR chores.claimed_until_ms > ?) AND (COALESCE(chores.done_at_ms, 0) <= ? OR chores.done_at_ms > ?)
  RETURNING name`)
const settle = prepared<never>(`
  UPDATE chores SET claimed_by = NULL, claimed_until_ms = ?, done_at_ms = COALESCE(?, done_at_ms) WHERE name = ? AND claimed_by = ?`)

const liveWorkspaces = prepared<{ id: string }>('SELECT workspace_id AS id FROM server_version_counter ORDER BY workspace_id')

/** Does `work` if it is due and no other process is at it. Returns whether it was done. Throws what `work` throws. */
async function doWhenDue(engine: Engine, chore: { readonly name: string, readonly everyMs: number }, clock: Clock, work: () => Promise<unknown>): Promise<boolean> {
  const owner = randomUUID()
  const now = clock.now()
  if (await countChanged(engine, claim(chore.name, owner, now + LEASE_MS, now, now + LEASE_MS, now - chore.everyMs, now)) === 0) return false
  try {
    await work()
    await engine.batch([settle(0, now, chore.name, owner)])
    return true
  }
  catch (error) {
    await engine.batch([settle(clock.now() + RETRY_MS, null, chore.name, owner)])
    throw error
  }
}

/** As without a setting: what a host of August does by itself. */
const DEFAULT_KEEP = 7
const DEFAULT_RETENTION_SECONDS = MAX_RETENTION_SECONDS

/** What a server can do for its database, each answering undefined where it is not due or another process is at it. */
function care({ path, backup, collect }: CareOptions, parts: CareParts) {
  const due = async <Result>(name: string, everyMs: number, work: () => Promise<Result>): Promise<Result | undefined> => {
    let result: Result | undefined
    await doWhenDue(parts.engine, { name, everyMs }, parts.clock, async () => {
      result = await work()
    })
    return result
  }
  return {
    backUp: (everyMs: number) => due('scheduled-backup', everyMs, () => backUp(path, backup ?? { keep: DEFAULT_KEEP, folder: dirname(path) }, parts)),
    collect: (everyMs: number) => due('scheduled-collection', everyMs, () => collectAll(collect?.retentionSeconds ?? DEFAULT_RETENTION_SECONDS, parts)),
  }
}

/** The chores of a server that was told to look after itself; each answers 0, as housekeeping wants it. */
export function careChores(options: CareOptions, parts: CareParts): (() => Promise<number>)[] {
  const { backup, collect } = options
  const chores = care(options, parts)
  return [
    ...backup ? [() => chores.backUp(backup.everyMs).then(() => 0)] : [],
    ...collect ? [() => chores.collect(collect.everyMs).then(() => 0)] : [],
  ]
}

/** The same chores for somebody who asks for them; they count as the scheduled ones. */
export function careNow(options: CareOptions, parts: CareParts): { backUp(): Promise<boolean>, collect(): Promise<number | undefined> } {
  const chores = care(options, parts)
  return { backUp: async () => await chores.backUp(0) !== undefined, collect: () => chores.collect(0) }
}

/** A verified copy, and no more old ones than wanted. Returns its path. */
async function backUp(path: string, { keep, folder }: { readonly keep: number, readonly folder: string }, { engine, clock, log }: CareParts): Promise<string> {
  const now = clock.now()
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const made = backupName(path, now, false, folder)
  const { entries } = await makeBackup(engine, made, {}, now)
  const removed = await rotateBackups(path, keep, { folder, made })
  log.info(`A backup was made and verified: ${entries} log entries. ${removed.length} older ones were removed.`)
  return made
}

/** Collection of all workspaces, one after the other. Returns how many entries went. */
async function collectAll(retentionSeconds: number, { engine, clock, snapshots, log, onCollected }: CareParts): Promise<number> {
  let entries = 0
  for (const { id } of await engine.all(liveWorkspaces())) {
    entries += (await collectChangeLog(engine, id, { seconds: retentionSeconds, snapshots }, clock.now())).changes
  }
  onCollected?.(entries)
  log.info(`History was collected: ${entries} log entries went.`)
  return entries
}
