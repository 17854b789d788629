import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findHost, missingLine, registrationCode } from '../../src/registries'
import { temporaryFolder } from '../support/provider'

async function host(...files: string[]): Promise<string> {
  const root = await temporaryFolder()
  for (const file of files) {
    await mkdir(dirname(join(root, file)), { recursive: true })
    await writeFile(join(root, file), '')
  }
  return root
}

describe('the registries of a host', () => {
  it('are found by their files and imported only where they are', async () => {
    const root = await host('server/auth/store/registry.ts', 'server/admin/stores/registry.js')
    const found = await findHost(root)
    expect(found.files.filter(({ file }) => file !== undefined).map(({ label }) => label)).toEqual(['workspace store', 'admin stores'])
    const code = registrationCode(found)
    expect(code).toContain(`from ${JSON.stringify(join(root, 'server/auth/store/registry.ts'))}`)
    expect(code).toContain('export const registerSyncGatewayAdapter = undefined')
    expect(code).toContain(`from ${JSON.stringify(join(root, 'server/admin/stores/registry.js'))}`)
    expect(code).not.toContain('server/connect')
    expect(code).toContain('export const ConnectStoreError = undefined')
    expect(code).toContain('export const hostHasSnapshots = false')
    expect(missingLine(found)).toMatch(/^This host has no registry for: sync gateway, .*webhook store/)
  })

  it('are not mentioned where all are there', async () => {
    const root = await host(...['auth/store/registry', 'sync/gateway/registry', 'admin/stores/registry', 'admin/providers/registry', 'auth/deployment-admin', 'utils/webhooks/store/registry',
      'connect/store/registry', 'utils/rate-limit/registry', 'utils/background-jobs/registry', 'utils/notifications/registry'].map(path => `server/${path}.ts`))
    expect(missingLine(await findHost(root))).toBeUndefined()
  })

  it('tell a host whose devices can bootstrap from a snapshot', async () => {
    expect(registrationCode(await findHost(await host('shared/sync/history-gc-policy.ts')))).toContain('export const hostHasSnapshots = true')
  })

  it('come with what only some hosts bring, which is not called missing', async () => {
    const root = await host('server/utils/webhooks/runtime.ts', 'server/connect/store/types.ts')
    const found = await findHost(root)
    expect(registrationCode(found)).toMatch(/export const ConnectStoreError = host\d+\.ConnectStoreError\n/)
    expect(registrationCode(found)).toMatch(/export const emitWebhookSystemHook = host\d+\.emitWebhookSystemHook\n/)
    expect(missingLine(await findHost(await host()))).not.toMatch(/ConnectStoreError|undefined/)
  })
})
