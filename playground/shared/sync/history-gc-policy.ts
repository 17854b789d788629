/** Seconds: what the August host's own maintenance keeps (contract §2.2.6). */
export const HISTORY_RETENTION_SECONDS = 31_536_000

interface Capable {
  capabilities?: { snapshotBootstrap?: 'snapshot-v1', historyRetention?: 'snapshot-v1' }
}

/** The August host collects only where a device can recover by snapshot (contract §2.2.6). */
export function mayCollectHistory({ capabilities }: Capable): boolean {
  return capabilities?.historyRetention === 'snapshot-v1' && capabilities.snapshotBootstrap === 'snapshot-v1'
}
