import { VERSION_MARGIN } from '../database/high-water'
import { lineageRow } from '../database/lineage'
import type { Engine } from '../engine/engine'
import { prepared } from '../engine/engine'
import { MENTIONED_FILES } from '../sync/file-references'
import { fingerprint } from '../sync/fingerprint'
import type { HistoryEntry, HistoryReceipt, HistoryState } from '../sync/intake'
import { beginHistory, endHistory, forgetHistory, takeEntries, takeReceipts, takeStates } from '../sync/intake'
import { SYNCED_TABLES } from '../sync/tables'
import type { Line } from './transfer'
import { header, line } from './transfer'

/** The file is not what an export writes, or does not fit this database. The message is for the operator. */
export class ImportRefusedError extends Error {
  override readonly name = 'ImportRefusedError'
}

export interface ImportOptions {
  /** Another id than the exported one, for a second copy beside it. */
  readonly workspaceId?: string | undefined
  /** Who owns it where none of its members is known here. */
  readonly ownerUserId?: string | undefined
  /** Called now and then. */
  readonly onProgress?: () => void
}

export interface Imported {
  readonly workspaceId: string
  readonly entries: number
  readonly states: number
  readonly members: number
  /** Entries and states of notifications whose user is not known here. */
  readonly skipped: number
}

const AT_ONCE = 500

const isThere = prepared<{ id: string }>(`
  SELECT id FROM workspaces WHERE id = ? UNION SELECT workspace_id FROM server_version_counter WHERE workspace_id = ?`)
const knownUser = prepared<{ id: string }>('SELECT id FROM users WHERE id = ? OR (email = ? AND email IS NOT NULL) ORDER BY id = ? DESC LIMIT 1')
const insertWorkspace = prepared<never>('INSERT INTO workspaces (id, name, description, created_at_ms) VALUES (?, ?, ?, ?)')
const insertMember = prepared<never>(`
  INSERT INTO workspace_members (workspace_id, user_id, role, created_at_ms) VALUES (?, ?, ?, ?) ON CONFLICT (workspace_id, user_id) DO NOTHING`)
const floorOf = prepared<{ floor: number }>('SELECT COALESCE(MAX(version_floor), 0) AS floor FROM lineages')
const forgetReferences = prepared<never>('DELETE FROM file_references WHERE workspace_id = ?')
const noteReferences = prepared<never>(`
  INSERT INTO file_references (workspace_id, source_table, source_id, hash) SELECT * FROM (${MENTIONED_FILES}) WHERE workspace_id = ?`)

/* What tells an import that goes on, or was killed, from a workspace. */
const markOf = (workspaceId: string) => `import:${workspaceId}`
const mark = prepared<never>('INSERT INTO chores (name) VALUES (?) ON CONFLICT (name) DO NOTHING')
const unmark = prepared<never>('DELETE FROM chores WHERE name = ?')
const unfinished = prepared<{ name: string }>('SELECT name FROM chores WHERE name = ? AND NOT EXISTS (SELECT 1 FROM workspaces WHERE id = ?)')

/**
 * Takes a workspace from the lines of an export, with its versions and stamps. It becomes visible as the last
 * step; whatever fails before is taken back. Versions go on above what the other server may have handed out
 * (hazard F1). Throws {@link ImportRefusedError} and DatabaseError.
 */
export async function importWorkspace(engine: Engine, lines: AsyncIterable<string>, options: ImportOptions, nowMs: number): Promise<Imported> {
  const read = lines[Symbol.asyncIterator]()
  const first = header.safeParse(parse((await read.next()).value as string | undefined, 1))
  if (!first.success) throw new ImportRefusedError('The first line is no header of an export of this version.')
  const { workspace, version, logFloor } = first.data
  const workspaceId = options.workspaceId ?? workspace.id
  // One that was killed left what nobody sees.
  if ((await engine.all(unfinished(markOf(workspaceId), workspaceId))).length > 0) await engine.batch([...forgetHistory(workspaceId, SYNCED_TABLES), unmark(markOf(workspaceId))])
  if ((await engine.all(isThere(workspaceId, workspaceId))).length > 0) throw new ImportRefusedError(`There is a workspace ${workspaceId} already. Name another id with --as.`)
  const intake = new Intake(engine, workspaceId)
  await engine.batch([mark(markOf(workspaceId)), beginHistory(workspaceId, logFloor)])
  try {
    const owners = new Map<string, string>()
    let count = 0
    let ended = false
    for (let next = await read.next(); !next.done; next = await read.next()) {
      if (next.value.trim() === '') continue
      const item = line.safeParse(parse(next.value, count + 2))
      if (!item.success) throw new ImportRefusedError(`Line ${count + 2}: ${item.error.issues[0]?.path.join('.')} is not as an export writes it.`)
      if ('end' in item.data) {
        if (item.data.end.lines !== count) throw new ImportRefusedError(`The file has ${count} lines of ${item.data.end.lines}.`)
        ended = true
        break
      }
      count += 1
      if ('member' in item.data) {
        const { userId, email, role } = item.data.member
        const [user] = await engine.all(knownUser(userId, email, userId))
        if (user) owners.set(userId, user.id)
        if (user) intake.members.set(user.id, role)
      }
      else await intake.take(item.data, owners)
      if (count % AT_ONCE === 0) options.onProgress?.()
    }
    if (!ended) throw new ImportRefusedError('The file ends before its last line: it was cut off.')
    await intake.flush()
    if (![...intake.members.values()].includes('owner')) {
      if (options.ownerUserId === undefined) throw new ImportRefusedError('No owner of the workspace is known here. Name one with --owner.')
      if ((await engine.all(knownUser(options.ownerUserId, null, options.ownerUserId))).length === 0) throw new ImportRefusedError(`There is no user ${options.ownerUserId}.`)
      intake.members.set(options.ownerUserId, 'owner')
    }
    const [{ floor } = { floor: 0 }] = await engine.all(floorOf())
    const top = Math.max(workspaceId === workspace.id ? version + VERSION_MARGIN : version, floor)
    await engine.batch([
      endHistory(top, workspaceId),
      ...top > version ? [lineageRow({ reason: 'A workspace was imported.', versionFloor: 0 }, nowMs)] : [],
      insertWorkspace(workspaceId, workspace.name, workspace.description, workspace.createdAtMs),
      ...[...intake.members].map(([userId, role]) => insertMember(workspaceId, userId, role, nowMs)),
      forgetReferences(workspaceId), noteReferences(workspaceId), unmark(markOf(workspaceId)),
    ])
    return { workspaceId, entries: intake.entries, states: intake.states, members: intake.members.size, skipped: intake.skipped }
  }
  catch (error) {
    await engine.batch([...forgetHistory(workspaceId, SYNCED_TABLES), unmark(markOf(workspaceId))])
    throw error
  }
}

/** Gathers lines and writes them some hundreds at a time. */
class Intake {
  readonly members = new Map<string, 'owner' | 'editor' | 'viewer'>()
  entries = 0
  states = 0
  skipped = 0
  #entries: HistoryEntry[] = []
  #states: HistoryState[] = []
  #receipts: HistoryReceipt[] = []

  constructor(private readonly engine: Engine, private readonly workspaceId: string) {}

  async take(item: Line, owners: ReadonlyMap<string, string>): Promise<void> {
    if ('receipt' in item) this.#receipts.push({ ...item.receipt, fingerprint: Buffer.from(item.receipt.fingerprint, 'hex') })
    if ('entry' in item) {
      const taken = this.#add(this.#entries, item.entry, owners)
      this.entries += taken
      // Its version was given, and its op id must not come again.
      if (taken === 0) this.#receipts.push(receiptOf(item.entry))
    }
    if ('state' in item) this.states += this.#add(this.#states, item.state, owners)
    if (this.#entries.length + this.#states.length + this.#receipts.length >= AT_ONCE) await this.flush()
  }

  async flush(): Promise<void> {
    await this.engine.batch([
      // Before the entries, of which some may have lost to them.
      ...takeStates(this.workspaceId, this.#states),
      ...this.#entries.length > 0 ? takeEntries(this.workspaceId, this.#entries) : [],
      takeReceipts(this.workspaceId, this.#receipts),
    ])
    this.#entries = []
    this.#states = []
    this.#receipts = []
  }

  /** A notification without its user would be seen by nobody, or by the wrong one. Returns how many were taken. */
  #add<Item extends Owned>(list: (Omit<Item, 'payload'> & { readonly payloadJson: string | null })[], { payload, ...item }: Item, owners: ReadonlyMap<string, string>): number {
    const ownerUserId = item.ownerUserId === null ? null : owners.get(item.ownerUserId)
    if (ownerUserId === undefined) {
      this.skipped += 1
      return 0
    }
    // People have other ids here; a notification says whose it is.
    const own = ownerUserId !== null && payload !== null && 'user_id' in payload ? { ...payload, user_id: ownerUserId } : payload
    list.push({ ...item, ownerUserId, payloadJson: own === null ? null : JSON.stringify(own) })
    return 1
  }
}

function receiptOf(entry: Extract<Line, { entry: unknown }>['entry']): HistoryReceipt {
  const payloadJson = entry.payload === null ? null : JSON.stringify(entry.payload)
  return { opId: entry.opId, version: entry.version, fingerprint: fingerprint({ ...entry, payloadJson }), collectedAt: entry.createdAt }
}

interface Owned {
  readonly ownerUserId: string | null
  readonly payload: Record<string, unknown> | null
}

function parse(text: string | undefined, number: number): unknown {
  try {
    return JSON.parse(text ?? '')
  }
  catch {
    throw new ImportRefusedError(`Line ${number} is no JSON.`)
  }
}
