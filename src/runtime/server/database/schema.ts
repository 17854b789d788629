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

/** Times in seconds. */
export interface AuthInvitesTable {
  workspace_id: string
  id: string
  email: string
  role: 'owner' | 'editor' | 'viewer'
  status: 'pending' | 'accepted' | 'revoked' | 'expired'
  invited_by_user_id: string
  token_hash: string
  expires_at: number
  accepted_at: number | null
  accepted_user_id: string | null
  revoked_at: number | null
  revoked_by_user_id: string | null
  created_at: number
  updated_at: number
}

export interface DeploymentAdminsTable {
  user_id: string
  created_at_ms: number
  created_by_user_id: string | null
}

export interface WorkspaceSettingsTable {
  workspace_id: string
  key: string
  value: string
  updated_at_ms: number
}

/** Times in milliseconds. */
export interface ConnectAuthorizationsTable {
  id: string
  device_code_hash: string
  user_code_hash: string
  status: 'pending' | 'provisioning' | 'approved' | 'delivering' | 'denied' | 'consumed' | 'expired'
  host_json: string
  approved_user_id: string | null
  approved_workspace_id: string | null
  environment_id: string | null
  credential_ciphertext: string | null
  redeliver_until: number | null
  expires_at: number
  created_at: number
  updated_at: number
}

/** Times in milliseconds. */
export interface ConnectEnvironmentsTable {
  id: string
  user_id: string
  workspace_id: string
  status: 'provisioning' | 'active' | 'revoking' | 'revoked' | 'error'
  name: string
  platform: string | null
  architecture: string | null
  driver: string | null
  runtime: string | null
  base_path: string | null
  host_id: string | null
  signing_public_key: string | null
  noise_public_key: string | null
  hostname: string
  tunnel_id: string
  dns_record_id: string
  relay_authenticator: string | null
  control_token_hash: string | null
  access_credential_ciphertext: string
  tunnel_secret_ciphertext: string | null
  authorization_id: string | null
  lifecycle_attempts: number
  lifecycle_next_attempt_at: number
  lifecycle_claim_token: string | null
  lifecycle_claimed_until: number | null
  provisioning_deadline_at: number | null
  activation_deadline_at: number | null
  activation_claimed_at: number | null
  lifecycle_error: string | null
  created_at: number
  updated_at: number
  revoked_at: number | null
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
  created_version: number
}

export type DatabaseSchema = {
  users: UsersTable
  auth_accounts: AuthAccountsTable
  workspaces: WorkspacesTable
  workspace_members: WorkspaceMembersTable
  auth_invites: AuthInvitesTable
  deployment_admins: DeploymentAdminsTable
  workspace_settings: WorkspaceSettingsTable
  connect_authorizations: ConnectAuthorizationsTable
  connect_environments: ConnectEnvironmentsTable
  server_version_counter: ServerVersionCounterTable
  lineages: LineagesTable
  change_log: ChangeLogTable
  op_receipts: OpReceiptsTable
  device_cursors: DeviceCursorsTable
  tombstones: TombstonesTable
} & {
  [Table in SyncedTable as `s_${Table}`]: Table extends 'notifications' ? LiveRowsTable & { owner_user_id: string } : LiveRowsTable
}
