import { createError } from 'h3'
import type { Provider } from '../provider'
import { currentProvider } from '../shared'

/** The open provider. That only this machine asks is seen to before (module.ts). Throws 503. */
export function openedProvider(): Provider {
  const provider = currentProvider()
  if (!provider) throw createError({ statusCode: 503, statusMessage: 'The SQLite provider is not in use' })
  return provider
}
