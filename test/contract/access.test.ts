import { describe, expect, it } from 'vitest'
import type { SyncGatewayAdapter } from '../../src/runtime/server/host/contract'
import { eventOf } from '../support/ops'
import { openTestProvider } from '../support/provider'
import { messageOp } from '../support/rows'

/*
 * Roles are the host's to check (test/host/hostile.test.ts). What the gateway itself owes: no session reaches
 * another workspace than its own, a removed one takes nothing, and an event without a session is the host's.
 */

type Call = (gateway: SyncGatewayAdapter, event: object, workspaceId: string) => Promise<unknown>

const calls: Record<string, Call> = {
  push: (gateway, event, workspaceId) => gateway.push(event, { scope: { workspaceId }, ops: [messageOp()] }),
  pull: (gateway, event, workspaceId) => gateway.pull(event, { scope: { workspaceId }, cursor: 0, limit: 10 }),
  snapshot: (gateway, event, workspaceId) => gateway.snapshot(event, { scope: { workspaceId }, pageSize: 10 }),
  updateCursor: (gateway, event, workspaceId) => gateway.updateCursor(event, { scope: { workspaceId }, deviceId: 'd', version: 0 }),
  gcChangeLog: (gateway, event, workspaceId) => gateway.gcChangeLog(event, { scope: { workspaceId }, retentionSeconds: 3600 }),
  gcTombstones: (gateway, event, workspaceId) => gateway.gcTombstones(event, { scope: { workspaceId }, retentionSeconds: 3600 }),
  queryCanonicalStorage: (gateway, event, workspaceId) => gateway.queryCanonicalStorage(event, { scope: { workspaceId }, kind: 'live_metadata' }),
}

/** 200, or the status of the refusal: for its own session, one of another workspace, none, and any of them once the workspace is removed. */
const EXPECTED: Record<keyof typeof calls, readonly [own: number, other: number, none: number, ownRemoved: number, noneRemoved: number]> = {
  push: [200, 403, 200, 403, 403],
  pull: [200, 403, 200, 403, 403],
  snapshot: [200, 403, 200, 403, 403],
  updateCursor: [200, 403, 401, 403, 401],
  gcChangeLog: [200, 403, 200, 200, 200],
  gcTombstones: [200, 403, 200, 200, 200],
  queryCanonicalStorage: [200, 403, 200, 200, 200],
}

describe('the gateway', () => {
  it.each(Object.keys(calls))('%s: answers its own workspace, and nobody else\'s', async (name) => {
    const { workspaceStore, syncGateway } = await openTestProvider({ host: { snapshots: true } })
    const { userId } = await workspaceStore.getOrCreateUser({ provider: 'p', providerUserId: 'ada' })
    const { workspaceId } = await workspaceStore.createWorkspace({ userId, name: 'Team' })
    await calls.push?.(syncGateway, eventOf(userId, workspaceId), workspaceId)
    const status = async (event: object) => {
      try {
        await calls[name]?.(syncGateway, event, workspaceId)
        return 200
      }
      catch (error) {
        return error instanceof Error && 'statusCode' in error ? error.statusCode : error
      }
    }
    const own = eventOf(userId, workspaceId)
    const other = eventOf('eve', 'elsewhere')
    const standing = [await status(own), await status(other), await status({})]
    await workspaceStore.removeWorkspace({ userId, workspaceId })
    expect([...standing, await status(own), await status({})]).toEqual(EXPECTED[name])
    // Two sessions on one event, as a confused host might leave them: one that does not fit is enough.
    const both = { context: { ...(own as { context: object }).context, __or3_session_context_r2_demo: { user: { id: 'eve' }, workspace: { id: 'elsewhere' } } } }
    expect(await status(both)).toBe(403)
  })
})
