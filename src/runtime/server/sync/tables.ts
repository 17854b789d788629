/** The tables a client may sync, in the order the contract lists them (§3.3). No other is accepted. */
export const SYNCED_TABLES = ['threads', 'messages', 'projects', 'posts', 'kv', 'file_meta', 'notifications'] as const

export type SyncedTable = typeof SYNCED_TABLES[number]

const NAMES: ReadonlySet<string> = new Set(SYNCED_TABLES)

export function isSyncedTable(name: unknown): name is SyncedTable {
  return typeof name === 'string' && NAMES.has(name)
}

/** The payload field that repeats the op's pk. */
export function pkField(table: SyncedTable): 'id' | 'hash' {
  return table === 'file_meta' ? 'hash' : 'id'
}

/** Rows of a private table are seen only by the user they belong to. */
export function isPrivate(table: SyncedTable): boolean {
  return table === 'notifications'
}
