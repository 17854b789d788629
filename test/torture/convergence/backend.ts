import type { PendingOp, PullResponse, PushResult, SnapshotResponse, SyncGatewayAdapter } from '../../../src/runtime/server/host/contract'
import { eventOf } from '../../support/ops'

/** A user's device asks for a workspace. */
export interface Asker {
  readonly userId: string
  readonly workspaceId: string
}

/** What stands between the simulated devices and the server: the gateway itself, or HTTP. */
export interface Backend {
  /** Devices bootstrap from snapshots, as those of August do. */
  readonly snapshots: boolean
  /** The host between passes on neither `replayed` nor `winner`. */
  readonly terse: boolean
  push(asker: Asker, ops: readonly PendingOp[]): Promise<PushResult>
  pull(asker: Asker, cursor: number, limit: number): Promise<PullResponse>
  /** Undefined where the snapshot has expired (410). */
  snapshot(asker: Asker, pageSize: number, pageToken: string | undefined): Promise<SnapshotResponse | undefined>
  updateCursor(asker: Asker, deviceId: string, version: number): Promise<void>
  collect(workspaceId: string, retentionSeconds: number): Promise<void>
}

/** The gateways of several providers on one file, asked in turn. */
export function gatewayBackend(gateways: readonly SyncGatewayAdapter[]): Backend {
  let turn = 0
  const next = (): SyncGatewayAdapter => {
    const gateway = gateways[turn++ % gateways.length]
    if (!gateway) throw new Error('no gateway')
    return gateway
  }
  const eventFor = ({ userId, workspaceId }: Asker) => eventOf(userId, workspaceId)
  return {
    snapshots: gateways[0]?.capabilities?.snapshotBootstrap !== undefined,
    terse: false,
    push: (asker, ops) => next().push(eventFor(asker), { scope: { workspaceId: asker.workspaceId }, ops: [...ops] }),
    pull: (asker, cursor, limit) => next().pull(eventFor(asker), { scope: { workspaceId: asker.workspaceId }, cursor, limit }),
    async snapshot(asker, pageSize, pageToken) {
      try {
        return await next().snapshot(eventFor(asker), { scope: { workspaceId: asker.workspaceId }, pageSize, ...pageToken === undefined ? {} : { pageToken } })
      }
      catch (error) {
        if (error instanceof Error && 'statusCode' in error && error.statusCode === 410) return undefined
        throw error
      }
    },
    updateCursor: (asker, deviceId, version) => next().updateCursor(eventFor(asker), { scope: { workspaceId: asker.workspaceId }, deviceId, version }),
    async collect(workspaceId, retentionSeconds) {
      await next().gcChangeLog({}, { scope: { workspaceId }, retentionSeconds })
      await next().gcTombstones({}, { scope: { workspaceId }, retentionSeconds })
    },
  }
}
