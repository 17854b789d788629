import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { defineCommand } from 'citty'
import { isHeld, migrateUp, migrationStatus } from '../../runtime/server/database/files'
import { restoreBackup } from '../../runtime/server/operations/restore'
import { COMMON, CommandError, openCopy, runCommand } from '../context'
import { demandConsent } from './migrate'

export default defineCommand({
  meta: { name: 'restore', description: 'Puts a backup in the database\'s place, once it is verified; the replaced file is kept' },
  args: {
    ...COMMON,
    file: { type: 'positional', required: true, description: 'The backup, packed or not' },
    yes: { type: 'boolean', description: 'Do not ask' },
    force: { type: 'boolean', description: 'Go on although the last server did not end in order, where SQLite cannot tell whether one runs' },
  },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ config, out }) => {
    const backup = resolve(args.file)
    if (!existsSync(backup)) throw new CommandError(`There is no file ${backup}.`)
    if (backup === config.path) throw new CommandError('The backup is the database itself.')
    if (existsSync(config.path)) await demandConsent(args.yes === true, `${config.path} is replaced by the backup; it is kept beside it. Go on?`)
    const restored = await restoreBackup(backup, config.path, { openCopy, isHeld, applied: file => migrationStatus(file).applied, migrate: migrateUp, force: args.force === true }, Date.now())
    out.result(restored)
    out.good(`Restored: ${restored.entries.toLocaleString('en')} log entries. Versions were moved ${restored.versions.toLocaleString('en')} ahead, so that none is used twice.`)
    if (restored.kept !== undefined) out.line(`The replaced file is ${restored.kept}.`)
    return undefined
  }),
})
