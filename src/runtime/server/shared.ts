import type { Config } from './config'
import type { Provider, ProviderOptions } from './provider'
import { startProvider } from './provider'

const KEY = Symbol.for('or3-provider-sqlite')

interface Shared {
  readonly key: string
  readonly provider: Provider
}

const holder = globalThis as { [KEY]?: Shared | undefined }

/**
 * The one provider of this process. A plugin that runs again, as after a hot reload, gets the open one
 * instead of a second handle on the same file (trap I12). Throws ConfigError.
 */
export function shareProvider(readConfig: () => Config, options: ProviderOptions): Provider {
  const config = readConfig()
  const key = JSON.stringify(config)
  const current = holder[KEY]
  if (current?.key === key) return current.provider
  void current?.provider.close()

  const started = startProvider(config, options)
  const provider: Provider = {
    ...started,
    close: async () => {
      if (holder[KEY]?.provider === provider) holder[KEY] = undefined
      await started.close()
    },
  }
  holder[KEY] = { key, provider }
  return provider
}
