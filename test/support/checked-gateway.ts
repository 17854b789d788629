import { checkPullResponse, checkPushResult, checkSnapshotResponse } from '../../playground/shared/sync/check-response'
import { PAYLOAD_SCHEMAS } from '../../playground/shared/sync/schemas'
import type { PushResult, SyncGatewayAdapter } from '../../src/runtime/server/host/contract'

/** The host takes this many results at once; bigger batches are checked in parts. */
const MAX_RESULTS = 100

/**
 * The gateway with the August host's checks of every answer (contract §2.2.3, §2.2.4, §2.2.7), what its
 * client demands beyond them, and what a host after August wants of results.
 */
export function checkedGateway(gateway: SyncGatewayAdapter): SyncGatewayAdapter {
  return {
    ...gateway,

    async pull(event, request) {
      const response = await gateway.pull(event, request)
      checkPullResponse(response, request.cursor)
      return response
    },

    async push(event, batch) {
      const result = await gateway.push(event, batch)
      const opIds = [...new Set(batch.ops.map(op => op.stamp.opId))]
      for (let start = 0; start < Math.max(1, opIds.length); start += MAX_RESULTS) {
        const part: PushResult = { ...result, results: result.results.slice(start, start + MAX_RESULTS) }
        checkPushResult(part, opIds.slice(start, start + MAX_RESULTS))
      }
      for (const entry of result.results) {
        if (entry.applied === false && (!entry.payload || !entry.winner)) throw new Error(`No winner for ${entry.opId}`)
        if (entry.replayed && !entry.success) throw new Error(`A replay failed: ${entry.opId}`)
      }
      return result
    },

    async snapshot(event, request) {
      const response = await gateway.snapshot(event, request)
      checkSnapshotResponse(response, { workspaceId: request.scope.workspaceId, pageSize: request.pageSize })
      for (const item of response.items) {
        if (item.kind === 'row') PAYLOAD_SCHEMAS[item.tableName as keyof typeof PAYLOAD_SCHEMAS].parse(item.payload)
      }
      return response
    },
  }
}
