import { execFileSync } from 'node:child_process'
import { outsideTests } from '../support/environment'

/** The command under test is the one that is published. */
export default function buildCli(): void {
  execFileSync('npm', ['run', 'build'], { stdio: 'pipe', env: outsideTests() })
}
