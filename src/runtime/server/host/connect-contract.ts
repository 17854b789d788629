/** The host's store of paired computers (contract §2.4). All times are milliseconds and come from the caller. */

export type ConnectErrorCode = 'authorization_unavailable' | 'environment_limit_reached' | 'conflict'

/** The host tells its store's errors by `instanceof`, so its own class has to be thrown. */
export type ConnectStoreErrorClass = new (code: ConnectErrorCode, message: string) => Error

export type AuthorizationStatus = 'pending' | 'provisioning' | 'approved' | 'delivering' | 'denied' | 'consumed' | 'expired'
export type EnvironmentStatus = 'provisioning' | 'active' | 'revoking' | 'revoked' | 'error'

/** Stored as it is given. */
export type StoredConnectHost = Record<string, unknown>

export interface ConnectAuthorizationRecord {
  _id: string
  status: AuthorizationStatus
  host: StoredConnectHost
  approved_user_id?: string
  approved_workspace_id?: string
  environment_id?: string
  credential_ciphertext?: string
  expires_at: number
}

/** What the host knows of a computer before it is connected. */
export interface EnvironmentDescription {
  id?: string
  name: string
  platform?: string
  architecture?: string
  driver?: string
  runtime?: string
  base_path?: string
  host_id?: string
  signing_public_key?: string
  noise_public_key?: string
  control_token_hash?: string
  relay_authenticator?: string
  access_credential_ciphertext: string
  tunnel_secret_ciphertext?: string
}

export interface ConnectEnvironmentRecord extends Omit<EnvironmentDescription, 'id'> {
  id: string
  user_id?: string
  workspace_id?: string
  /** Empty, not absent, while unset; as are the next two. */
  hostname: string
  tunnel_id: string
  dns_record_id: string
  authorization_id?: string
  status: EnvironmentStatus
  lifecycle_attempts?: number
  lifecycle_next_attempt_at?: number
  lifecycle_claim_token?: string
  lifecycle_claimed_until?: number
  provisioning_deadline_at?: number
  activation_deadline_at?: number
  activation_claimed_at?: number
  lifecycle_error?: string
}

export interface ConnectScope {
  userId: string
  workspaceId: string
}

export interface LimitPolicy {
  scope: 'account' | 'workspace'
  maxActiveEnvironments: number
}

export interface ApproveInput {
  authorizationId: string
  userId: string
  workspaceId: string
  environment: EnvironmentDescription & { hostname: string, tunnel_id: string, dns_record_id: string }
  credentialCiphertext: string
  limitPolicy: LimitPolicy
  now: number
}

export interface ReserveInput {
  authorizationId: string
  userId: string
  workspaceId: string
  environment: EnvironmentDescription
  limitPolicy: LimitPolicy
  claimToken: string
  claimUntil: number
  provisioningDeadlineAt: number
  activationDeadlineAt: number
  authorizationExpiresAt: number
  now: number
}

export interface RevocationInput {
  environmentId: string
  scope: ConnectScope
  claimToken: string
  claimUntil: number
  now: number
}

export interface RelayProgress {
  hostname?: string
  tunnelId?: string
  dnsRecordId?: string
  relayAuthenticator?: string
}

type Lifecycle = 'provisioning' | 'revoking'

export interface ConnectStore {
  createAuthorization(input: { deviceCodeHash: string, userCodeHash: string, host: StoredConnectHost, expiresAt: number, now: number }): Promise<void>
  getAuthorizationByDeviceHash(deviceCodeHash: string, now: number, redeliveryWindowMs: number): Promise<ConnectAuthorizationRecord | null>
  getAuthorizationByUserHash(userCodeHash: string, now: number): Promise<ConnectAuthorizationRecord | null>
  approveAuthorization(input: ApproveInput): Promise<{ environment_id: string }>
  reserveAuthorization(input: ReserveInput): Promise<ConnectEnvironmentRecord>
  claimNextEnvironmentLifecycle(claimToken: string, now: number, claimUntil: number): Promise<ConnectEnvironmentRecord | null>
  saveEnvironmentRelayProgress(id: string, expectedStatus: Lifecycle, claimToken: string, progress: RelayProgress, now: number): Promise<boolean>
  completeEnvironmentProvisioning(id: string, claimToken: string, credentialCiphertext: string, now: number): Promise<boolean>
  beginEnvironmentRevocation(input: RevocationInput): Promise<{ claimed: boolean, environment: ConnectEnvironmentRecord } | null>
  abandonEnvironmentProvisioning(id: string, claimToken: string, now: number): Promise<ConnectEnvironmentRecord | null>
  completeEnvironmentRevocation(id: string, claimToken: string, now: number): Promise<boolean>
  recordEnvironmentLifecycleFailure(id: string, expectedStatus: Lifecycle, claimToken: string, message: string, nextAttemptAt: number, now: number): Promise<boolean>
  denyAuthorization(id: string, now: number): Promise<boolean>
  getEnvironmentByControlTokenHash(hash: string, scope: ConnectScope): Promise<ConnectEnvironmentRecord | null>
  listEnvironments(scope: ConnectScope): Promise<ConnectEnvironmentRecord[]>
  revokeEnvironment(id: string, scope: ConnectScope, now: number): Promise<boolean>
  purgeConnectRecords(input: { authorizationUpdatedBefore: number, revokedEnvironmentUpdatedBefore: number, batchSize: number }): Promise<{ authorizations: number, environments: number }>
  rotateAuthorizationCredential(id: string, expectedCiphertext: string, replacement: string, now: number): Promise<boolean>
  rotateEnvironmentCredential(id: string, credential: 'access' | 'tunnel', expected: string, replacement: string, now: number): Promise<boolean>
}
