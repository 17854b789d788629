import { defineCommand } from 'citty'
import { networkFileSystem } from '../../runtime/server/engine/file'
import { unsupportedNode } from '../../runtime/server/engine/node-version'
import type { Finding } from '../../runtime/server/operations/doctor'
import { examineHealth } from '../../runtime/server/operations/doctor'
import { COMMON, EXIT, demandFile, runCommand } from '../context'

const SIGNS = { ok: 'good', warning: 'warn', error: 'bad' } as const

export default defineCommand({
  meta: { name: 'doctor', description: 'Looks at Node.js, the driver, the file, its disk, its settings and the clock, and says what to do' },
  args: COMMON,
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ config, open, out }) => {
    demandFile(config.path)
    const tooOld = unsupportedNode(process.versions.node)
    const network = await networkFileSystem(config.path)
    const findings: Finding[] = [
      tooOld === undefined ? { level: 'ok', about: 'node', message: `Node.js ${process.versions.node} is supported.` } : { level: 'error', about: 'node', message: tooOld, advice: 'Install a Node.js that is supported.' },
      network === undefined ? { level: 'ok', about: 'place', message: 'The file is on a local disk.' } : { level: 'error', about: 'place', message: `The file is on ${network}.`, advice: 'Move it to a local disk: SQLite\'s locks do not hold there.' },
      ...config.warnings.map((message): Finding => ({ level: 'warning', about: 'settings', message })),
      // Opening it has loaded the driver.
      ...await examineHealth(open(), config.path, Date.now()),
    ]
    out.result(findings)
    for (const { level, about, message, advice } of findings) out[SIGNS[level]](`${about}: ${message}${advice === undefined ? '' : `\n    ${advice}`}`)
    return findings.some(finding => finding.level === 'error') ? EXIT.faults : EXIT.done
  }),
})
