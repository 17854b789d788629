import Dexie from 'dexie'
import type { EntityTable, Table } from 'dexie'
import type { PendingOp, SyncTable } from '../../shared/sync/schemas'
import type { SyncRevision } from '../../shared/sync/revision'

export interface Thread {
  id: string
  title?: string | null
  status: string
  pinned: boolean
  deleted: boolean
  /** Seconds, as all times in payloads. */
  created_at: number
  updated_at: number
  clock: number
}

export interface Message {
  id: string
  thread_id: string
  role: string
  index: number
  order_key: string
  data?: { content?: string } | null
  deleted: boolean
  created_at: number
  updated_at: number
  clock: number
}

/** A record of a table this page shows nothing of; kept all the same, as the real client does. */
interface OtherRecord {
  tableName: SyncTable
  pk: string
  payload: Record<string, unknown>
}

/** The revision a device holds of a record, live or deleted. */
export interface HeldRevision extends SyncRevision {
  tableName: string
  pk: string
}

/** What one device keeps in the browser: its rows, their revisions, its outbox and how far it has pulled. */
export class LocalStore extends Dexie {
  threads!: EntityTable<Thread, 'id'>
  messages!: EntityTable<Message, 'id'>
  others!: Table<OtherRecord, [string, string]>
  revisions!: Table<HeldRevision, [string, string]>
  outbox!: EntityTable<PendingOp, 'id'>
  state!: EntityTable<{ key: string, value: number }, 'key'>

  constructor(name: string) {
    super(name)
    this.version(1).stores({
      threads: 'id, updated_at',
      messages: 'id, [thread_id+order_key]',
      others: '[tableName+pk]',
      revisions: '[tableName+pk]',
      outbox: 'id, createdAt, status',
      state: 'key',
    })
  }

  async revisionOf(tableName: string, pk: string): Promise<HeldRevision | undefined> {
    return this.revisions.get([tableName, pk])
  }

  /** Writes or removes a row and remembers the revision it now has. */
  async apply(tableName: SyncTable, pk: string, payload: Record<string, unknown> | undefined, revision: SyncRevision): Promise<void> {
    const gone = payload === undefined || payload.deleted === true
    if (tableName === 'threads') await (gone ? this.threads.delete(pk) : this.threads.put(payload as unknown as Thread))
    else if (tableName === 'messages') await (gone ? this.messages.delete(pk) : this.messages.put(payload as unknown as Message))
    else await (gone ? this.others.delete([tableName, pk]) : this.others.put({ tableName, pk, payload }))
    await this.revisions.put({ tableName, pk, clock: revision.clock, hlc: revision.hlc, opId: revision.opId })
  }

  async cursor(): Promise<number> {
    return (await this.state.get('cursor'))?.value ?? 0
  }

  async saveCursor(value: number): Promise<void> {
    await this.state.put({ key: 'cursor', value })
  }
}
