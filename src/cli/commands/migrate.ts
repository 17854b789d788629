import { consola } from 'consola'
import { defineCommand } from 'citty'
import { migrateDown, migrateUp, migrationStatus } from '../../runtime/server/database/files'
import { backupName } from '../../runtime/server/operations/backup'
import { COMMON, CommandError, demandFile, openCopy, runCommand } from '../context'

const status = defineCommand({
  meta: { name: 'status', description: 'What is applied and what is pending; an edited past is an error' },
  args: COMMON,
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ config, out }) => {
    demandFile(config.path)
    const { applied, pending } = migrationStatus(config.path)
    out.result({ applied, pending })
    for (const name of applied) out.good(name)
    for (const name of pending) out.warn(`${name} (pending)`)
    out.line(pending.length === 0 ? 'The database has this version\'s schema.' : `${pending.length} pending: run "or3-provider-sqlite migrate up", or start the server.`)
    return undefined
  }),
})

const up = defineCommand({
  meta: { name: 'up', description: 'Applies what is pending, after a backup' },
  args: COMMON,
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ config, out }) => {
    demandFile(config.path)
    const { applied, pending } = migrationStatus(config.path)
    const backup = pending.length > 0 && applied.length > 0 ? await copyAside(config.path) : null
    const done = await migrateUp(config.path)
    out.result({ applied: done, backup })
    if (backup !== null) out.line(`Copied to ${backup} first.`)
    for (const name of done) out.good(name)
    out.line(done.length === 0 ? 'Nothing was pending.' : `${done.length} applied.`)
    return undefined
  }),
})

const down = defineCommand({
  meta: { name: 'down', description: 'Reverts the last migration, or all after --to; asks first and makes a backup' },
  args: {
    ...COMMON,
    to: { type: 'string', description: 'The migration that stays the last one', valueHint: 'NAME' },
    yes: { type: 'boolean', description: 'Do not ask' },
  },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ config, out }) => {
    demandFile(config.path)
    const { applied } = migrationStatus(config.path)
    const to = args.to ?? applied.at(-2)
    if (to === undefined) throw new CommandError('There is nothing to go back to: only the first migration is applied.')
    if (!applied.includes(to)) throw new CommandError(`The migration ${to} is not applied. Applied are ${applied.join(', ')}.`)
    const reverted = applied.slice(applied.indexOf(to) + 1)
    if (reverted.length === 0) {
      out.result({ reverted, backup: null })
      out.line(`${to} is the last one already.`)
      return undefined
    }
    await demandConsent(args.yes === true, `This removes the tables of ${reverted.join(', ')} with all that is in them. Go on?`)
    const backup = await copyAside(config.path)
    out.line(`Copied to ${backup} first.`)
    const names = await migrateDown(config.path, to)
    out.result({ reverted: names, backup })
    for (const name of names) out.good(`${name} reverted`)
    return undefined
  }),
})

/** Asks on a terminal; a script has to say --yes. */
export async function demandConsent(given: boolean, question: string): Promise<void> {
  if (given) return
  if (!process.stdin.isTTY) throw new CommandError('Say --yes to do this without being asked.')
  if (await consola.prompt(question, { type: 'confirm', initial: false }) !== true) throw new CommandError('Nothing was changed.')
}

async function copyAside(path: string): Promise<string> {
  const engine = openCopy(path)
  const now = Date.now()
  try {
    const target = backupName(path, now, false)
    await engine.backup(target)
    return target
  }
  finally {
    await engine.close()
  }
}

export default defineCommand({ meta: { name: 'migrate', description: 'Shows and changes the schema of the database' }, subCommands: { status, up, down } })
