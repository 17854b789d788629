import { resolve } from 'node:path'
import { defineCommand } from 'citty'
import { backupName, makeBackup, rotateBackups } from '../../runtime/server/operations/backup'
import { COMMON, CommandError, demandOther, runCommand } from '../context'

export default defineCommand({
  meta: { name: 'backup', description: 'Copies the database while the server runs, and checks the copy' },
  args: {
    ...COMMON,
    file: { type: 'positional', required: false, description: 'Where to; beside the database by default' },
    gzip: { type: 'boolean', description: 'Pack it' },
    keep: { type: 'string', description: 'Remove all but the newest N backups that lie beside the database', valueHint: 'N' },
  },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ config, open, out }) => {
    const keep = args.keep === undefined ? undefined : Number(args.keep)
    if (keep !== undefined && !(Number.isInteger(keep) && keep >= 1)) throw new CommandError('--keep must be a whole number of at least 1.')
    const now = Date.now()
    const gzip = args.gzip === true || args.file?.endsWith('.gz') === true
    const target = args.file === undefined ? backupName(config.path, now, gzip) : resolve(args.file)
    demandOther(target, config.path)
    const backup = await makeBackup(open(), target, {
      gzip,
      onProgress: ({ totalPages, remainingPages }) => out.progress('Copying', 1 - remainingPages / Math.max(1, totalPages)),
    }, now)
    const removed = keep === undefined ? [] : await rotateBackups(config.path, keep, { made: target })
    out.result({ ...backup, verified: true, removed })
    out.good(`${backup.path}: ${backup.entries.toLocaleString('en')} log entries, ${Math.ceil(backup.bytes / 1024).toLocaleString('en')} KiB, verified`)
    for (const name of removed) out.line(`  removed ${name}`)
    return undefined
  }),
})
