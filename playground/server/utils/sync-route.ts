import { createError } from 'h3'
import { ResponseFault } from '../../shared/sync/check-response'
import { getActiveSyncGatewayAdapter } from '../sync/gateway/registry'
import type { SyncGatewayAdapter } from '../sync/gateway/types'

export const MIB = 1024 * 1024

export function requireGateway(): SyncGatewayAdapter {
  const adapter = getActiveSyncGatewayAdapter()
  if (!adapter) throw createError({ statusCode: 500, statusMessage: 'Sync adapter not configured' })
  return adapter
}

/** What a check lets through; the August host answers 502 when its provider answers nonsense. */
export function checked<Result>(check: () => Result): Result {
  try {
    return check()
  }
  catch (error) {
    if (error instanceof ResponseFault) throw createError({ statusCode: 502, statusMessage: `Invalid ${error.message} response` })
    throw error
  }
}
