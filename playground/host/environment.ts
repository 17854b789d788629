import { addServerPlugin, addServerTemplate, createResolver, defineNuxtModule } from '@nuxt/kit'

/**
 * Lets the playground run without any configuration. Listed before the provider's module, so that its
 * plugin has set the database's place by the time the provider reads it.
 */
export default defineNuxtModule({
  meta: { name: 'playground-environment' },
  setup(_options, nuxt) {
    const { resolve } = createResolver(import.meta.url)
    addServerTemplate({
      filename: '#playground/root',
      getContents: () => `export const playgroundRoot = ${JSON.stringify(nuxt.options.rootDir)}`,
    })
    addServerPlugin(resolve('./default-database'))
  },
})
