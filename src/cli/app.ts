import { defineCommand, runMain } from 'citty'
import { version } from '../../package.json'
import { unsupportedNode } from '../runtime/server/engine/node-version'

/** All commands; each is loaded when it is asked for. */
const app = defineCommand({
  meta: {
    name: 'or3-provider-sqlite',
    version,
    description: 'Looks after the SQLite database of an OR3 Chat host. Exit codes: 0 done, 1 failed or wrong usage, 2 faults found, 3 no such database, 4 database in use.',
  },
  subCommands: {
    migrate: () => import('./commands/migrate').then(module => module.default),
    backup: () => import('./commands/backup').then(module => module.default),
    restore: () => import('./commands/restore').then(module => module.default),
    verify: () => import('./commands/verify').then(module => module.default),
    stats: () => import('./commands/stats').then(module => module.default),
    gc: () => import('./commands/gc').then(module => module.default),
    vacuum: () => import('./commands/vacuum').then(module => module.default),
    export: () => import('./commands/export').then(module => module.default),
    import: () => import('./commands/import').then(module => module.default),
    users: () => import('./commands/users').then(module => module.default),
    workspaces: () => import('./commands/workspaces').then(module => module.default),
    seed: () => import('./commands/seed').then(module => module.default),
    adopt: () => import('./commands/adopt').then(module => module.default),
    doctor: () => import('./commands/doctor').then(module => module.default),
  },
})

const GROUPS = ['migrate', 'users', 'workspaces']

/** citty passes over what stands before a command, and it may have been --dry-run or --db. */
function earlyFlag(args: readonly string[]): string | undefined {
  const depth = GROUPS.includes(args[0] ?? '') ? 2 : 1
  return args.slice(0, depth).find(arg => arg.startsWith('-') && !['--help', '-h', '--version', '-v'].includes(arg))
}

export async function run(): Promise<void> {
  const tooOld = unsupportedNode(process.versions.node)
  if (tooOld !== undefined) {
    // Before the driver is loaded, which would end the process without a word.
    process.stderr.write(`Error: ${tooOld}\n`)
    process.exitCode = 1
    return
  }
  const early = earlyFlag(process.argv.slice(2))
  if (early !== undefined) {
    process.stderr.write(`Error: Flags come after the command, and ${early.split('=')[0]} comes before it.\n`)
    process.exitCode = 1
    return
  }
  await runMain(app)
}
