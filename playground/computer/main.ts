import { hostname, platform } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

/** Plays a computer that wants to be connected: shows a code, waits for a yes on the admin page. */
const base = process.argv[2] ?? 'http://127.0.0.1:3000'

async function post(path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(new URL(path, base), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${path} answers ${response.status}`)
  return await response.json() as Record<string, unknown>
}

async function main(): Promise<void> {
  const { deviceCode, userCode, interval } = await post('/api/connect/device/start', { host: { name: hostname(), platform: platform() } })
  console.log(`Open ${new URL('/admin', base).href} and connect the computer that shows ${String(userCode)}.`)
  for (;;) {
    await delay(Number(interval) * 1000)
    const { status, environmentId } = await post('/api/connect/device/token', { deviceCode })
    if (status === 'pending') continue
    console.log(status === 'approved' ? `Connected as ${String(environmentId)}. The credential is here; a real computer would keep it.` : `Not connected: ${String(status)}.`)
    return
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
