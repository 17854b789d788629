import { createError } from 'h3'
import { getActiveSyncGatewayAdapter } from '../sync/gateway/registry'
import type { SyncGatewayAdapter } from '../sync/gateway/types'

export const MIB = 1024 * 1024

export function requireGateway(): SyncGatewayAdapter {
  const adapter = getActiveSyncGatewayAdapter()
  if (!adapter) throw createError({ statusCode: 500, statusMessage: 'Sync adapter not configured' })
  return adapter
}

/** The August host answers 502 when its provider answers nonsense. */
export function badGateway(what: string): Error {
  return createError({ statusCode: 502, statusMessage: `Invalid ${what} response` })
}
