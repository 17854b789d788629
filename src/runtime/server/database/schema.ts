import type { SyncedTable } from '../sync/tables'

/** The tables as migrations/sqlite creates them. Units are in the column names or beside them. */

export interface UsersTable {
  id: string
  /** Trimmed and lower-cased (trap A7). */
  email: string | null
  display_name: string | null
  active_workspace_id: string | null
  created_at_ms: number
}

export interface AuthAccountsTable {
  provider: string
  provider_user_id: string
  user_id: string
  created_at_ms: number
}

export interface WorkspacesTable {
  id: string
  name: string
  description: string | null
  created_at_ms: number
  deleted_at_ms: number | null
}

export interface WorkspaceMembersTable {
  workspace_id: string
  user_id: string
  role: 'owner' | 'editor' | 'viewer'
  created_at_ms: number
}

export interface ServerVersionCounterTable {
  workspace_id: string
  value: number
  log_floor: number
}

export interface LineagesTable {
  id: string
  reason: string
  version_floor: number
  /** Seconds. */
  started_at: number
}

export interface ChangeLogTable {
  workspace_id: string
  server_version: number
  table_name: SyncedTable
  pk: string
  op: 'put' | 'delete'
  deleted: 0 | 1
  payload_json: string | null
  clock: number
  hlc: string
  op_id: string
  device_id: string
  owner_user_id: string | null
  /** Seconds. */
  created_at: number
}

export interface OpReceiptsTable {
  workspace_id: string
  op_id: string
  server_version: number
  fingerprint: Uint8Array
  /** Seconds. */
  collected_at: number
}

export interface DeviceCursorsTable {
  workspace_id: string
  user_id: string
  device_id: string
  last_seen_version: number
  /** Seconds. */
  updated_at: number
}

export interface TombstonesTable {
  workspace_id: string
  table_name: SyncedTable
  pk: string
  clock: number
  hlc: string
  op_id: string
  server_version: number
  owner_user_id: string | null
  /** Seconds. */
  deleted_at: number
}

export interface LiveRowsTable {
  workspace_id: string
  pk: string
  payload_json: string
  clock: number
  hlc: string
  op_id: string
  server_version: number
}

export type DatabaseSchema = {
  users: UsersTable
  auth_accounts: AuthAccountsTable
  workspaces: WorkspacesTable
  workspace_members: WorkspaceMembersTable
  server_version_counter: ServerVersionCounterTable
  lineages: LineagesTable
  change_log: ChangeLogTable
  op_receipts: OpReceiptsTable
  device_cursors: DeviceCursorsTable
  tombstones: TombstonesTable
} & {
  [Table in SyncedTable as `s_${Table}`]: Table extends 'notifications' ? LiveRowsTable & { owner_user_id: string } : LiveRowsTable
}
