import { execFileSync } from 'node:child_process'
import { unsupportedNode } from '../../src/runtime/server/engine/node-version'

/** A Node.js of this machine that is too old; skips the test, and says why, where there is none. */
export function requireOldNode(context: { skip(note: string): never }): string {
  const old = oldNode()
  if (old !== undefined) return old
  console.warn('SKIPPED: this machine has no Node.js that is too old')
  return context.skip('no old Node.js here')
}

/** The machine's own Node.js, past the one this project brings along, if it is too old. */
function oldNode(): string | undefined {
  const PATH = (process.env.PATH ?? '').split(':').filter(folder => !folder.includes('node_modules')).join(':')
  try {
    const [path = '', version = ''] = execFileSync('sh', ['-c', 'command -v node; node -p process.versions.node'], { env: { PATH } }).toString().trim().split('\n')
    return unsupportedNode(version) === undefined ? undefined : path
  }
  catch {
    return undefined
  }
}
