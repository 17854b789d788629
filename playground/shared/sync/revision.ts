export interface SyncRevision {
  clock: number
  hlc: string
  opId: string
}

/** The host's order of revisions: clock, hlc, op id; strings as JavaScript compares them. */
export function compareSyncRevision(left: SyncRevision, right: SyncRevision): -1 | 0 | 1 {
  for (const [a, b] of [[left.clock, right.clock], [left.hlc, right.hlc], [left.opId, right.opId]] as const) {
    if (a < b) return -1
    if (a > b) return 1
  }
  return 0
}

export function incomingRevisionWins(incoming: SyncRevision, current: SyncRevision | undefined): boolean {
  return current === undefined || compareSyncRevision(incoming, current) > 0
}
