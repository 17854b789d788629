/** A small OR3 Chat host to play with. Not for production: anybody may sign in as anybody. */
export default defineNuxtConfig({
  modules: ['./host/environment', '../src/module'],
  // The page lives on IndexedDB, which only a browser has.
  ssr: false,
  // The tab of the module: NUXT_DEVTOOLS=1 npm run dev.
  devtools: { enabled: process.env.NUXT_DEVTOOLS === '1' },
  app: {
    head: {
      title: 'or3-provider-sqlite playground',
      htmlAttrs: { lang: 'en' },
      meta: [
        { name: 'viewport', content: 'width=device-width, initial-scale=1' },
        { name: 'color-scheme', content: 'light dark' },
      ],
      link: [{ rel: 'icon', type: 'image/svg+xml', href: '/icon.svg' }],
    },
  },
  css: ['~/assets/main.css'],
  // Each may be set when the server starts, such as NUXT_AUTH_ENABLED=false or NUXT_HOST_AGE=F.
  runtimeConfig: {
    auth: { enabled: true, provider: 'demo', sessionCacheTtlMs: 60_000, invite: { tokenSecret: 'of this playground only', tokenTtlSeconds: 604_800 } },
    sync: { enabled: true, provider: 'sqlite' },
    connect: { enabled: true, provider: 'sqlite', maxComputers: 3 },
    backgroundJobs: { enabled: true, storageProvider: 'sqlite' },
    /** Which host to play: F as of February 2026, A as of August 2026. */
    hostAge: 'A',
    public: { sync: { enabled: true, provider: 'sqlite' } },
  },
  compatibilityDate: '2026-08-01',
  typescript: { strict: true },
  telemetry: false,
})
