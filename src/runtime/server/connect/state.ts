import type { ConnectAuthorizationsTable, ConnectEnvironmentsTable } from '../database/schema'
import type { ConnectAuthorizationRecord, ConnectEnvironmentRecord, ConnectScope } from '../host/connect-contract'

/** The longest a credential may be delivered again, in milliseconds (contract §2.4). */
export const MAX_REDELIVERY_MS = 300_000
export const MAX_ERROR_LENGTH = 500
export const MAX_PURGE = 500

type AuthorizationChange = Partial<ConnectAuthorizationsTable>
type EnvironmentChange = Partial<ConnectEnvironmentsTable>

export interface Poll {
  /** What changes because the computer asked. */
  readonly change: AuthorizationChange
  /** What the computer is told; a delivery reads as approved. */
  readonly status: ConnectAuthorizationsTable['status']
  /** The credential leaves now for the first time: the computer has claimed its place. */
  readonly delivers: boolean
}

/** What a computer that asks for its authorization gets, and what that makes of it (the table of §2.4). */
export function poll(row: ConnectAuthorizationsTable, now: number, windowMs: number): Poll {
  const { status } = row
  const stays = { change: {}, status, delivers: false }
  if (status === 'pending' || status === 'approved') {
    if (row.expires_at <= now) return { change: { status: 'expired', credential_ciphertext: null }, status: 'expired', delivers: false }
    if (status === 'pending') return stays
    const redeliver_until = now + Math.min(windowMs, MAX_REDELIVERY_MS)
    return { change: { status: 'delivering', redeliver_until }, status: 'approved', delivers: true }
  }
  if (status !== 'delivering') return stays
  const again = row.credential_ciphertext !== null && row.redeliver_until !== null && row.redeliver_until >= now
  return again ? { ...stays, status: 'approved' } : { change: { status: 'consumed', credential_ciphertext: null }, status: 'consumed', delivers: false }
}

/** Whether somebody may still say yes or no to a pairing. */
export function isOpen(row: Pick<ConnectAuthorizationsTable, 'status' | 'expires_at'> | undefined, now: number): boolean {
  return row?.status === 'pending' && row.expires_at > now
}

/** Whether the code on a computer's screen still leads to something. */
export function isFindable(row: Pick<ConnectAuthorizationsTable, 'status' | 'expires_at'>, now: number): boolean {
  return row.expires_at > now && row.status !== 'denied' && row.status !== 'expired'
}

export function isInScope(row: Pick<ConnectEnvironmentsTable, 'user_id' | 'workspace_id'>, scope: ConnectScope): boolean {
  return row.user_id === scope.userId && row.workspace_id === scope.workspaceId
}

/** Whether a worker holds the environment now. */
export function isClaimed(row: Pick<ConnectEnvironmentsTable, 'lifecycle_claim_token' | 'lifecycle_claimed_until'>, now: number): boolean {
  return row.lifecycle_claim_token !== null && row.lifecycle_claimed_until !== null && row.lifecycle_claimed_until > now
}

/**
 * The way out: nothing can be reached with what is left. What the relay has to be told and the hash by which
 * the computer itself is recognised stay until the relay is done.
 */
export const TO_REVOKING = { status: 'revoking', access_credential_ciphertext: '', tunnel_secret_ciphertext: null, activation_deadline_at: null } as const satisfies EnvironmentChange

export const UNCLAIMED = { lifecycle_claim_token: null, lifecycle_claimed_until: null } as const satisfies EnvironmentChange

export function toRevoked(now: number): EnvironmentChange {
  return {
    ...TO_REVOKING, ...UNCLAIMED, status: 'revoked', hostname: '', tunnel_id: '', dns_record_id: '',
    relay_authenticator: null, control_token_hash: null, lifecycle_next_attempt_at: 0, revoked_at: now,
  }
}

export const TO_EXPIRED = { status: 'expired', credential_ciphertext: null } as const satisfies AuthorizationChange

/** A stored authorization as the host knows it; absent, not null, where there is nothing. */
export function toAuthorization(row: ConnectAuthorizationsTable): ConnectAuthorizationRecord {
  const { id, status, host_json, approved_user_id, approved_workspace_id, environment_id, credential_ciphertext, expires_at } = row
  return {
    _id: id,
    status,
    host: JSON.parse(host_json) as Record<string, unknown>,
    ...present({ approved_user_id, approved_workspace_id, environment_id, credential_ciphertext }),
    expires_at,
  }
}

/** A stored environment as the host knows it. */
export function toEnvironment({ created_at: _created, updated_at: _updated, revoked_at: _revoked, ...row }: ConnectEnvironmentsTable): ConnectEnvironmentRecord {
  const { id, name, hostname, tunnel_id, dns_record_id, access_credential_ciphertext, status, ...optional } = row
  return { id, name, hostname, tunnel_id, dns_record_id, access_credential_ciphertext, status, ...present(optional) }
}

type Present<Fields> = { [Field in keyof Fields]?: Exclude<Fields[Field], null> }

function present<Fields extends object>(fields: Fields): Present<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as Present<Fields>
}
