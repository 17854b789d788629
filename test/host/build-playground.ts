import { execFileSync } from 'node:child_process'
import { outsideTests } from '../support/environment'

/** The servers and pages under test are the ones a user builds. */
export default function buildPlayground(): void {
  execFileSync(process.execPath, ['node_modules/nuxt/bin/nuxt.mjs', 'build', 'playground'], { stdio: 'pipe', env: { ...outsideTests(), NUXT_TELEMETRY_DISABLED: '1' } })
}
