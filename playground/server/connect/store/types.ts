/** Routes tell the store's errors by this class (contract §2.4). */
export class ConnectStoreError extends Error {
  override readonly name = 'ConnectStoreError'

  constructor(readonly code: 'authorization_unavailable' | 'environment_limit_reached' | 'conflict', message: string) {
    super(message)
  }
}

export interface Environment {
  id: string
  name: string
  platform?: string
  hostname: string
  status: 'provisioning' | 'active' | 'revoking' | 'revoked' | 'error'
  lifecycle_attempts?: number
  provisioning_deadline_at?: number
  activation_claimed_at?: number
}

export interface Authorization {
  _id: string
  status: 'pending' | 'provisioning' | 'approved' | 'delivering' | 'denied' | 'consumed' | 'expired'
  host: { name: string, platform?: string }
  approved_user_id?: string
  approved_workspace_id?: string
  environment_id?: string
  credential_ciphertext?: string
}

interface Scope { userId: string, workspaceId: string }

/** What the playground uses of it. Times are milliseconds. */
export interface ConnectStore {
  createAuthorization(input: { deviceCodeHash: string, userCodeHash: string, host: object, expiresAt: number, now: number }): Promise<void>
  getAuthorizationByDeviceHash(deviceCodeHash: string, now: number, redeliveryWindowMs: number): Promise<Authorization | null>
  getAuthorizationByUserHash(userCodeHash: string, now: number): Promise<Authorization | null>
  reserveAuthorization(input: object): Promise<Environment>
  denyAuthorization(id: string, now: number): Promise<boolean>
  claimNextEnvironmentLifecycle(claimToken: string, now: number, claimUntil: number): Promise<Environment | null>
  saveEnvironmentRelayProgress(id: string, expectedStatus: string, claimToken: string, progress: object, now: number): Promise<boolean>
  completeEnvironmentProvisioning(id: string, claimToken: string, credentialCiphertext: string, now: number): Promise<boolean>
  beginEnvironmentRevocation(input: { environmentId: string, scope: Scope, claimToken: string, claimUntil: number, now: number }): Promise<{ claimed: boolean, environment: Environment } | null>
  completeEnvironmentRevocation(id: string, claimToken: string, now: number): Promise<boolean>
  listEnvironments(scope: Scope): Promise<Environment[]>
  purgeConnectRecords(input: { authorizationUpdatedBefore: number, revokedEnvironmentUpdatedBefore: number, batchSize: number }): Promise<unknown>
}
