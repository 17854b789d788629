import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { defineCommand } from 'citty'
import { importWorkspace } from '../../runtime/server/operations/import'
import { COMMON, runCommand } from '../context'

export default defineCommand({
  meta: { name: 'import', description: 'Takes a workspace from the lines of an export; versions and stamps stay' },
  args: {
    ...COMMON,
    file: { type: 'positional', required: true, description: 'What export wrote' },
    as: { type: 'string', description: 'Another id for it, for a second copy beside the first', valueHint: 'ID' },
    owner: { type: 'string', description: 'Who owns it where none of its owners is known here', valueHint: 'USER' },
  },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ open, out }) => {
    const input = createReadStream(args.file)
    // A file that is not there is told before anything is begun.
    await new Promise<void>((settle, fail) => input.once('ready', settle).once('error', fail))
    const { size } = await stat(args.file)
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
    const imported = await importWorkspace(open(), lines, {
      workspaceId: args.as, ownerUserId: args.owner, onProgress: () => out.progress('Importing', input.bytesRead / Math.max(1, size)),
    }, Date.now())
    out.result(imported)
    out.good(`Workspace ${imported.workspaceId}: ${imported.entries.toLocaleString('en')} log entries, ${imported.states.toLocaleString('en')} states, ${imported.members} members`)
    if (imported.skipped > 0) out.warn(`${imported.skipped} notifications of people who are not known here were left out.`)
    return undefined
  }),
})
