import type { Config } from './config'
import type { Provider, ProviderOptions } from './provider'
import { startProvider } from './provider'

const KEY = Symbol.for('or3-provider-sqlite')

interface Shared {
  readonly key: string
  readonly provider: Provider
  /** Plugin runs that have it and have not closed it. */
  holders: number
}

const global = globalThis as { [KEY]?: Shared | undefined }

/** The open provider of this process, for routes that show what it does. */
export function currentProvider(): Provider | undefined {
  return global[KEY]?.provider
}

/**
 * The one provider of this process. A plugin that runs again, as after a hot reload, gets the open one
 * instead of a second handle on the same file (trap I12); it is closed when the last one closes it, in
 * whatever order old and new do.
 */
export function shareProvider(config: Config, options: ProviderOptions): Provider {
  const key = JSON.stringify(config)
  const current = global[KEY]
  const shared = current?.key === key ? current : { key, provider: startProvider(config, options), holders: 0 }
  global[KEY] = shared
  shared.holders += 1

  let held = true
  return {
    ...shared.provider,
    close: async () => {
      if (!held) return
      held = false
      shared.holders -= 1
      if (shared.holders > 0) return
      if (global[KEY] === shared) global[KEY] = undefined
      await shared.provider.close()
    },
  }
}
