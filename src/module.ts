import type { Nuxt } from '@nuxt/schema'
import { createError, defineEventHandler, getRequestHost } from 'h3'
import { addDevServerHandler, addServerHandler, addServerPlugin, addServerTemplate, createResolver, defineNuxtModule, useLogger } from '@nuxt/kit'
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

    // Hosts that have Nitro's tasks on may run or schedule these; to the others they mean nothing.
    nuxt.hook('nitro:config', (config) => {
      const nitro = config as Record<string, unknown>
      nitro.tasks = {
        'or3-sqlite:backup': { handler: resolve('./runtime/server/tasks/backup'), description: 'Copies the SQLite database and checks the copy' },
        'or3-sqlite:collect': { handler: resolve('./runtime/server/tasks/collect'), description: 'Removes history that no device needs any more' },
        ...nitro.tasks as object | undefined,
      }
    })
    if (nuxt.options.dev) addDevToolsTab(nuxt, resolve)
  },
})

/** A tab in Nuxt's DevTools that shows what is in the database. Only where the development server runs. */
function addDevToolsTab(nuxt: Nuxt, resolve: (path: string) => string): void {
  // In the development server itself: what it hands on to Nitro may say anything about where it comes from.
  addDevServerHandler({ route: '/__or3-sqlite', handler: defineEventHandler(event => demandThisMachine(event.node.req.socket.remoteAddress, getRequestHost(event))) })
  addServerHandler({ route: '/__or3-sqlite', handler: resolve('./runtime/server/devtools/page.get') })
  addServerHandler({ route: '/__or3-sqlite/data', method: 'get', handler: resolve('./runtime/server/devtools/data.get') })
  addServerHandler({ route: '/__or3-sqlite/collect', method: 'post', handler: resolve('./runtime/server/devtools/collect.post') })
  // The hook of @nuxt/devtools, which a host may not have.
  const hook = nuxt.hook as (name: string, add: (tabs: object[]) => void) => unknown
  hook('devtools:customTabs', tabs => void tabs.push({ name: 'or3-sqlite', title: 'OR3 SQLite', icon: 'carbon:data-base', view: { type: 'iframe', src: `${nuxt.options.app.baseURL.replace(/\/$/, '')}/__or3-sqlite` } }))
}

const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/
const LOCAL_NAMES = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/

/** A development server may listen to the whole network, and a page elsewhere may give its name this address. Throws 403. */
function demandThisMachine(address: string | undefined, host: string): void {
  if (!LOOPBACK.test(address ?? '') || !LOCAL_NAMES.test(host)) throw createError({ statusCode: 403, statusMessage: 'Forbidden' })
}
