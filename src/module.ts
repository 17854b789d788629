import { addServerPlugin, addServerTemplate, createResolver, defineNuxtModule, useLogger } from '@nuxt/kit'
import { version } from '../package.json'
import { findHost, missingLine, registrationCode } from './registries'
import { unsupportedNode } from './runtime/server/engine/node-version'

/** The module has no options: the server reads OR3_SQLITE_* from its environment when it starts. */
export type ModuleOptions = Record<string, never>

export default defineNuxtModule<ModuleOptions>({
  meta: {
    name: 'or3-provider-sqlite',
    configKey: 'or3Sqlite',
    version,
    compatibility: { nuxt: '^3.19.0 || >=4.1.0' },
  },
  async setup(_options, nuxt) {
    const logger = useLogger('or3-sqlite')
    const { resolve } = createResolver(import.meta.url)
    const host = await findHost(nuxt.options.rootDir)

    const tooOld = unsupportedNode(process.versions.node)
    if (tooOld !== undefined) logger.warn(tooOld)
    const missing = missingLine(host)
    if (missing !== undefined) logger.info(missing)

    addServerTemplate({ filename: '#or3-sqlite/registrations', getContents: () => registrationCode(host) })
    addServerPlugin(resolve('./runtime/server/plugin'))
  },
})
