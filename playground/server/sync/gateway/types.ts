import type { H3Event } from 'h3'

interface Scope { workspaceId: string }

/** What the host asks of its sync gateway (contract §2.2). What comes back is checked by the routes. */
export interface SyncGatewayAdapter {
  id: string
  capabilities?: { snapshotBootstrap?: 'snapshot-v1', historyRetention?: 'snapshot-v1' }
  pull(event: H3Event, request: { scope: Scope, cursor: number, limit: number, tables?: string[] }): Promise<unknown>
  push(event: H3Event, batch: { scope: Scope, ops: unknown[] }): Promise<unknown>
  updateCursor(event: H3Event, request: { scope: Scope, deviceId: string, version: number }): Promise<void>
  gcTombstones?(event: H3Event | object, request: { scope: Scope, retentionSeconds: number }): Promise<unknown>
  gcChangeLog?(event: H3Event | object, request: { scope: Scope, retentionSeconds: number }): Promise<unknown>
  snapshot?(event: H3Event, request: { scope: Scope, pageSize: number, pageToken?: string, tables?: string[] }): Promise<unknown>
  listWorkspaceIds?(): string[] | Promise<string[]>
  getMaintenanceState?(): { enabled: boolean, state: string, lastRun?: string, lastError?: string }
  beginMaintenanceRun?(): void
  completeMaintenanceRun?(run: { lastRun: string }): void
  failMaintenanceRun?(error: string): void
}
