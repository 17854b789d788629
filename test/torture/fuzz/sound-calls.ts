import { randomUUID } from 'node:crypto'
import type { Provider } from '../../../src/runtime/server/provider'
import { eventOf, op } from '../../support/ops'
import { messageOp } from '../../support/rows'

/** A call that would be right, to be spoiled. */
export interface SoundCall {
  readonly name: string
  readonly args: readonly unknown[]
  /** So many of the first arguments are the host's own and not to be spoiled. */
  readonly given: number
  call(...args: unknown[]): unknown
}

type Method = (...args: never[]) => unknown

/** A right call of every method of every store, on rows that exist. */
export async function soundCalls(provider: Provider, now: number): Promise<SoundCall[]> {
  const { workspaceStore, syncGateway, adminStores, webhookStore, connectStore, rateLimits, jobs, notifications, adminAdapter, deploymentAdminChecker } = provider
  const identity = { provider: 'p', providerUserId: 'ada' }
  const { userId } = await workspaceStore.getOrCreateUser({ ...identity, email: 'ada@example.com', displayName: 'Ada' })
  const { workspaceId } = await workspaceStore.getOrCreateDefaultWorkspace(userId)
  const event = eventOf(userId, workspaceId)
  const scope = { workspaceId }
  await syncGateway.push(event, { scope, ops: [messageOp()] })
  const seconds = Math.floor(now / 1000)
  const webhook = { scope: 'user' as const, user_id: userId, workspace_id: workspaceId, url: 'https://example.com', label: 'x', events: ['message.created'], custom_hooks: ['h'], signing_secret_enc: 's', enabled: true }
  const { id: webhookId } = await webhookStore.createWebhook(webhook)
  const { id: _, ...log } = { id: '', webhook_id: webhookId, event_id: 'e', event_type: 't', attempt: 1, status: 'pending' as const, claimed_by: null, claimed_at: null, http_status: null, error_message: null, request_payload: '{}', response_body: null, duration_ms: null, next_retry_at: null, created_at: now }
  const delivery = await webhookStore.createDeliveryLog(log)
  const jobId = await jobs.createJob({ userId, threadId: 't', messageId: 'm', model: 'x' })
  const access = adminStores.createWorkspaceAccessStore()
  const settings = adminStores.createWorkspaceSettingsStore()
  const admins = adminStores.createAdminUserStore()
  const member = { userId, workspaceId }
  const environment = { name: 'laptop', access_credential_ciphertext: 'c', hostname: 'h', tunnel_id: 't', dns_record_id: 'd' }
  const limitPolicy = { scope: 'account', maxActiveEnvironments: 2 }
  const connected = { authorizationId: 'a', ...member, environment, limitPolicy, now }
  const intent = { intentId: 'i', workspaceId, hash: 'h', mimeType: 'text/plain', sizeBytes: 5, expiresAt: seconds + 60, workspaceQuotaBytes: 1000 }
  const limit = { windowMs: 1000, maxRequests: 5 }
  const hash = 'a'.repeat(64)

  const calls: SoundCall[] = []
  const of = <Store extends object>(title: string, store: Store, list: Partial<Record<keyof Store, readonly unknown[]>>, given = 0) => {
    for (const name of Object.keys(list) as (keyof Store & string)[]) {
      calls.push({ name: `${title}.${name}`, args: list[name] ?? [], given, call: (...args) => (store[name] as Method).apply(store, args as never[]) })
    }
  }
  of('sync', syncGateway, {
    push: [event, { scope, ops: [messageOp({ pk: 'a' }), op({ table: 'kv', pk: 'k' }), op({ table: 'notifications', pk: 'n' }), messageOp({ operation: 'delete' })] }],
    pull: [event, { scope, cursor: 0, limit: 10, tables: ['messages'] }],
    snapshot: [event, { scope, pageSize: 10, tables: ['messages'], pageToken: 'x' }],
    updateCursor: [event, { scope, deviceId: 'd', version: 1 }],
    gcChangeLog: [event, { scope, retentionSeconds: 3600 }],
    gcTombstones: [event, { scope, retentionSeconds: 3600 }],
    reserveUploadIntent: [event, intent],
    consumeUploadIntent: [event, { intentId: 'i', workspaceId, hash: 'h', mimeType: 'text/plain', sizeBytes: 5, storageId: 's' }],
    cancelUploadIntent: [event, { workspaceId, intentId: 'i' }],
    queryCanonicalStorage: [event, { scope, kind: 'live_metadata', cursor: 'x', limit: 5, hash: 'sha256:a', now: seconds }],
  }, 1)
  of('workspaces', workspaceStore, {
    getUser: [identity], getOrCreateUser: [{ ...identity, email: 'ada@example.com', displayName: 'Ada' }], getOrCreateDefaultWorkspace: [userId],
    getWorkspaceRole: [member], listUserWorkspaces: [userId], createWorkspace: [{ userId, name: 'N', description: 'd' }],
    updateWorkspace: [{ ...member, name: 'N', description: null }], removeWorkspace: [{ userId, workspaceId: 'none' }], setActiveWorkspace: [member],
    createInvite: [{ workspaceId, email: 'bob@example.com', role: 'editor', invitedByUserId: userId, expiresAt: seconds + 60, tokenHash: hash }],
    listInvites: [{ workspaceId, status: 'pending', limit: 5 }], revokeInvite: [{ workspaceId, inviteId: 'x', revokedByUserId: userId }],
    validateInvite: [{ workspaceId, email: 'bob@example.com', tokenHash: hash }],
    acceptInviteAndProvisionUser: [{ ...identity, email: 'bob@example.com', displayName: 'B', workspaceId, tokenHash: hash }],
    consumeInvite: [{ workspaceId, email: 'bob@example.com', tokenHash: hash, acceptedUserId: userId }],
  })
  of('access', access, {
    listMembers: [{ workspaceId }], upsertMember: [{ workspaceId, emailOrProviderId: 'bob@example.com', role: 'viewer', provider: 'p' }],
    setMemberRole: [{ ...member, role: 'owner' }], removeMember: [{ workspaceId, userId: 'none' }],
    listWorkspaces: [{ search: 'x', includeDeleted: true, page: 1, perPage: 10 }], getWorkspace: [{ workspaceId }],
    createWorkspace: [{ name: 'N', description: 'd', ownerUserId: userId }], softDeleteWorkspace: [{ workspaceId: 'none', deletedAt: now }],
    restoreWorkspace: [{ workspaceId }], searchUsers: [{ query: 'a', limit: 5 }],
  })
  of('settings', settings, { get: [workspaceId, 'k'], set: [workspaceId, 'k', 'v'], compareAndSet: [workspaceId, 'k', 'v', 'w'] })
  of('admins', admins, { listAdmins: [], grantAdmin: [{ userId, createdByUserId: userId }], revokeAdmin: [{ userId: 'none' }], isAdmin: [{ userId }], searchUsers: [{ query: 'a', limit: 5 }] })
  of('webhooks', webhookStore, {
    createWebhook: [webhook], updateWebhook: [webhookId, { url: 'https://example.com', label: 'y', events: ['e'], custom_hooks: [], enabled: true, workspace_id: null }],
    getWebhook: [webhookId], deleteWebhook: ['none'], listWebhooks: [userId, workspaceId], listAdminWebhooks: [], listWebhooksByEvent: ['message.created', 'user', workspaceId],
    listWebhooksByCustomHook: ['h'], listActiveCustomHookNames: [], updateWebhookHealth: [webhookId, 'healthy'], disableAllWebhooks: [userId, workspaceId],
    createDeliveryLog: [log], updateDeliveryLog: [delivery.id, { status: 'success', http_status: 200 }], getDeliveryLogs: [webhookId, 0], getRecentTerminalDeliveries: [webhookId, 5],
    claimPendingDeliveries: ['worker', 5], resetStaleInFlightDeliveries: [1000], cancelDeliveriesByWebhook: [webhookId], deleteDeliveryLogsByWebhook: ['none'], purgeExpiredLogs: [0],
  })
  of('connect', connectStore, {
    createAuthorization: [{ deviceCodeHash: randomUUID(), userCodeHash: randomUUID(), host: { name: 'x' }, expiresAt: now + 1000, now }],
    getAuthorizationByDeviceHash: ['x', now, 1000], getAuthorizationByUserHash: ['x', now], approveAuthorization: [{ ...connected, credentialCiphertext: 'c' }],
    reserveAuthorization: [{ ...connected, claimToken: 'c', claimUntil: now, provisioningDeadlineAt: now, activationDeadlineAt: now, authorizationExpiresAt: now }],
    claimNextEnvironmentLifecycle: ['c', now, now + 1000], saveEnvironmentRelayProgress: ['e', 'provisioning', 'c', { hostname: 'h' }, now],
    completeEnvironmentProvisioning: ['e', 'c', 'x', now], beginEnvironmentRevocation: [{ environmentId: 'e', scope: member, claimToken: 'c', claimUntil: now, now }],
    abandonEnvironmentProvisioning: ['e', 'c', now], completeEnvironmentRevocation: ['e', 'c', now], recordEnvironmentLifecycleFailure: ['e', 'provisioning', 'c', 'm', now, now],
    denyAuthorization: ['a', now], getEnvironmentByControlTokenHash: ['h', member], listEnvironments: [member], revokeEnvironment: ['e', member, now],
    purgeConnectRecords: [{ authorizationUpdatedBefore: 0, revokedEnvironmentUpdatedBefore: 0, batchSize: 10 }],
    rotateAuthorizationCredential: ['a', 'x', 'y', now], rotateEnvironmentCredential: ['e', 'access', 'x', 'y', now],
  })
  of('limits', rateLimits, { checkAndRecord: ['key', limit], getStats: ['key', limit] })
  of('jobs', jobs, {
    createJob: [{ userId, threadId: 't', messageId: 'm', model: 'x', kind: 'k', tool_calls: [], workflow_state: {}, idempotencyKey: 'i', execution: { key: 's' } }],
    getJob: [jobId, userId], updateJob: [jobId, { contentChunk: 'x', chunksReceived: 1, tool_calls: [] }], completeJob: ['none', 'text', 'o'], failJob: ['none', 'text', 'o'],
    abortJob: ['none', userId], getAbortController: [jobId], checkJobAborted: [jobId], cleanupExpired: [], getActiveJobCount: [], claimJob: [jobId, 'o', now, now + 1000],
    claimNextJob: ['o', now, now + 1000], renewJobLease: [jobId, 'o', now, now + 1000], updateJobExecution: [jobId, { key: 's' }, 'o'],
  })
  of('notifications', notifications, {
    emitBackgroundJobComplete: [workspaceId, userId, 't', jobId, 'm'], emitBackgroundJobError: [workspaceId, userId, 't', jobId, 'e'],
    emitWebhookDeliveryFailed: [{ webhookId, workspaceId, userId, eventType: 't', attempt: 1, error: 'e' }],
  })
  of('adapter', adminAdapter, { getStatus: [event, { enabled: true, provider: 'sqlite' }], runAction: [event, 'sync.gc-change-log', { workspaceId, retentionSeconds: 3600 }, { session: { workspace: { id: workspaceId } } }] }, 1)
  of('checker', deploymentAdminChecker, { checkDeploymentAdmin: ['ada', 'p'] })
  return calls
}
