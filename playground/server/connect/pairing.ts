import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto'
import type { H3Event } from 'h3'
import { createError, getRequestIP, setResponseHeader } from 'h3'
import { useRuntimeConfig } from '#imports'
import { getRateLimitProviderById } from '../utils/rate-limit/registry'
import { requireCloud } from '../utils/request'
import type { ConnectStore, Environment } from './store/types'

export const REDELIVERY_MS = 60_000
export const CLAIM_MS = 120_000
export const PROVISIONING_MS = 900_000
export const ACTIVATION_MS = 1_800_000
export const PAIRING_MS = 600_000

/** Without letters that look like others. */
const ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ'

export function newUserCode(): string {
  const letters = Array.from({ length: 8 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
  return `${letters.slice(0, 4)}-${letters.slice(4)}`
}

export function newDeviceCode(): string {
  return randomBytes(24).toString('base64url')
}

export function hashOf(code: string): string {
  return createHash('sha256').update(code.trim().toUpperCase()).digest('hex')
}

/** 404 while Connect is off, and the limit of the route, kept by the configured provider (contract §2.5). */
export async function openConnectRoute(event: H3Event, name: string, who: string | undefined, perMinute: number): Promise<void> {
  const { connect } = useRuntimeConfig()
  requireCloud({ sync: false })
  if (!connect.enabled) throw createError({ statusCode: 404, statusMessage: 'Not Found' })
  const limits = getRateLimitProviderById(connect.provider)
  const key = `connect:${name}:${who ?? getRequestIP(event) ?? 'unknown'}`
  const { allowed, retryAfterMs = 0 } = await limits?.checkAndRecord(key, { windowMs: 60_000, maxRequests: perMinute }) ?? { allowed: true }
  if (allowed) return
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000))
  setResponseHeader(event, 'Retry-After', seconds)
  throw createError({ statusCode: 429, statusMessage: `Rate limit exceeded. Retry after ${seconds}s` })
}

/**
 * Sets up or takes down what a worker has claimed. The relay of the playground is made up: it gives out
 * names and does nothing with them.
 */
export async function advance(store: ConnectStore, environment: Environment, claimToken: string): Promise<void> {
  const { id, status } = environment
  if (status === 'revoking') {
    await store.completeEnvironmentRevocation(id, claimToken, Date.now())
    return
  }
  const name = id.slice(0, 8)
  await store.saveEnvironmentRelayProgress(id, 'provisioning', claimToken, { hostname: `${name}.relay.example`, tunnelId: `tunnel-${name}`, dnsRecordId: `dns-${name}` }, Date.now())
  await store.completeEnvironmentProvisioning(id, claimToken, `demo-credential:${randomUUID()}`, Date.now())
}
