import type { H3Event } from 'h3'
import { createError, getRequestIP } from 'h3'
import type { Provider } from '../provider'
import { currentProvider } from '../shared'

const LOCAL = ['127.0.0.1', '::1', '::ffff:127.0.0.1']

/** The open provider, for somebody at this machine: a development server may listen to the whole network. Throws 403 and 503. */
export function localProvider(event: H3Event): Provider {
  const address = getRequestIP(event, { xForwardedFor: true })
  if (address !== undefined && !LOCAL.includes(address)) throw createError({ statusCode: 403, statusMessage: 'Forbidden' })
  const provider = currentProvider()
  if (!provider) throw createError({ statusCode: 503, statusMessage: 'The SQLite provider is not in use' })
  return provider
}
