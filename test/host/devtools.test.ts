import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openBrowser } from '../support/browser'
import { outsideTests } from '../support/environment'
import { temporaryFolder } from '../support/provider'
import { messageOp } from '../support/rows'
import { Client, freePort } from '../support/server'

const START_MS = 90_000

it('the development server shows what is in the database, and collects at a button', { timeout: 180_000 }, async () => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const path = join(await temporaryFolder(), 'dev.sqlite')
  const child = spawn(process.execPath, ['node_modules/nuxt/bin/nuxt.mjs', 'dev', 'playground', '--port', String(port), '--host', '127.0.0.1', '--no-fork'], {
    stdio: 'ignore', env: { ...outsideTests(), OR3_SQLITE_DB_PATH: path, NUXT_TELEMETRY_DISABLED: '1', NUXT_DEVTOOLS: '1', DISABLE_RATE_LIMIT: '1' }, detached: true,
  })
  onTestFinished(() => void process.kill(-(child.pid ?? 0), 'SIGTERM'))
  const ada = new Client(url)
  await expect.poll(() => ada.session().then(session => session !== null || ada.post('/api/demo/sign-in', { user: 'ada' }).then(() => false), () => false), { timeout: START_MS, interval: 500 }).toBe(true)
  const scope = { workspaceId: (await ada.session())?.workspace.id }
  for (let clock = 1; clock <= 4; clock++) await ada.post('/api/sync/push', { scope, ops: [messageOp({ clock })] })
  await ada.post('/api/sync/push', { scope, ops: [messageOp({ clock: 2, deviceId: 'late-device' })] })
  await ada.post('/api/sync/update-cursor', { scope, deviceId: 'device-a', version: 5 })

  const page = await (await openBrowser({ viewport: { width: 1100, height: 620 } })).newPage()
  await page.goto(`${url}/__or3-sqlite`)
  await page.getByText('sound').waitFor()
  expect(await page.locator('#changes tr', { hasText: 'late-device' }).innerText()).toContain('lost')
  mkdirSync('artifacts', { recursive: true })
  await page.screenshot({ path: 'artifacts/devtools.png' })
  await page.getByRole('button', { name: 'Collect history' }).click()
  await page.getByText('4 log entries went.').waitFor()
  const outside = await fetch(`${url}/__or3-sqlite/collect`, { method: 'POST' })
  expect(outside.status, 'from another page').toBe(403)
  const renamed = await new Promise<number | undefined>(settle => request(`${url}/__or3-sqlite/data`, { headers: { 'host': 'evil.test', 'x-forwarded-for': '127.0.0.1' } }, answer => settle(answer.statusCode)).end())
  expect(renamed, 'under another name').toBe(403)
})
