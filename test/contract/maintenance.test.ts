import { describe, expect, it } from 'vitest'
import { eventOf, pullAll, pushAs } from '../support/ops'
import { openTestProvider } from '../support/provider'
import { messageOp } from '../support/rows'

const YEAR = 31_536_000

describe('the host\'s maintenance', () => {
  it('runs over the live workspaces with the bare event, and says how it went', async () => {
    const { workspaceStore, syncGateway, clock } = await openTestProvider({ host: { snapshots: true } })
    expect(await syncGateway.listWorkspaceIds()).toEqual([])
    const { userId } = await workspaceStore.getOrCreateUser({ provider: 'demo', providerUserId: 'ada' })
    const { workspaceId } = await workspaceStore.createWorkspace({ userId, name: 'Kept' })
    const removed = await workspaceStore.createWorkspace({ userId, name: 'Removed' })
    await workspaceStore.removeWorkspace({ userId, workspaceId: removed.workspaceId })
    expect(await syncGateway.listWorkspaceIds()).toEqual([workspaceId])

    const ada = eventOf(userId, workspaceId)
    await pushAs(syncGateway, ada, workspaceId, messageOp(), messageOp({ clock: 2 }))
    clock.advance((YEAR + 1) * 1000)
    expect(syncGateway.getMaintenanceState()).toEqual({ enabled: true, state: 'idle' })
    syncGateway.beginMaintenanceRun()
    expect(syncGateway.getMaintenanceState()).toMatchObject({ state: 'running' })
    const request = { scope: { workspaceId }, retentionSeconds: YEAR }
    expect(await syncGateway.gcChangeLog({}, request)).toMatchObject({ changes: 2 })
    expect(await syncGateway.gcTombstones({}, request)).toEqual({ tombstones: 0 })
    const lastRun = new Date(clock.now()).toISOString()
    syncGateway.completeMaintenanceRun({ lastRun })
    expect(syncGateway.getMaintenanceState()).toEqual({ enabled: true, state: 'idle', lastRun })
  })

  it('that failed leaves everything available and is forgotten when one succeeds', async () => {
    const { syncGateway, adminAdapter } = await openTestProvider({ host: { snapshots: true } })
    syncGateway.completeMaintenanceRun({ lastRun: '2026-08-01T00:00:00.000Z' })
    syncGateway.beginMaintenanceRun()
    syncGateway.failMaintenanceRun('disk '.repeat(1000))
    expect(syncGateway.getMaintenanceState()).toMatchObject({ state: 'failed', lastRun: '2026-08-01T00:00:00.000Z' })
    expect(syncGateway.getMaintenanceState().lastError).toHaveLength(500)
    const { warnings } = await adminAdapter.getStatus({}, { enabled: true, provider: 'sqlite' })
    expect(warnings.map(({ level }) => level)).toEqual(['warning'])
    expect((await pullAll(syncGateway, {}, 'anywhere')).changes).toEqual([])
    syncGateway.completeMaintenanceRun({ lastRun: '2026-08-02T00:00:00.000Z' })
    expect(syncGateway.getMaintenanceState()).toEqual({ enabled: true, state: 'idle', lastRun: '2026-08-02T00:00:00.000Z' })
  })
})
