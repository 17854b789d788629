import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findRegistries, missingLine, registrationCode } from '../../src/registries'
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
    const registries = await findRegistries(root)
    expect(registries.filter(({ file }) => file !== undefined).map(({ label }) => label)).toEqual(['workspace store', 'admin stores'])
    const code = registrationCode(registries)
    expect(code).toContain(`from ${JSON.stringify(join(root, 'server/auth/store/registry.ts'))}`)
    expect(code).toContain('export const registerSyncGatewayAdapter = undefined')
    expect(code).not.toContain('server/admin')
    expect(missingLine(registries)).toMatch(/^This host has no registry for: sync gateway, .*webhook store/)
  })

  it('are not mentioned where all are there', async () => {
    const root = await host(...['auth/store/registry', 'sync/gateway/registry', 'admin/stores/registry', 'admin/providers/registry', 'auth/deployment-admin', 'utils/webhooks/store/registry',
      'connect/store/registry', 'utils/rate-limit/registry', 'utils/background-jobs/registry', 'utils/notifications/registry'].map(path => `server/${path}.ts`))
    expect(missingLine(await findRegistries(root))).toBeUndefined()
  })
})
