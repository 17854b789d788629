import { statSync } from 'node:fs'
import { defineCommand } from 'citty'
import { vacuum } from '../../runtime/server/database/files'
import { COMMON, demandFile, runCommand } from '../context'

export default defineCommand({
  meta: { name: 'vacuum', description: 'Rewrites the file without its free pages; best while the server is stopped' },
  args: COMMON,
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ config, open, out }) => {
    demandFile(config.path)
    await open().close()
    const before = statSync(config.path).size
    vacuum(config.path)
    const after = statSync(config.path).size
    out.result({ before, after })
    out.good(`${Math.ceil(before / 1024).toLocaleString('en')} KiB before, ${Math.ceil(after / 1024).toLocaleString('en')} KiB now`)
    return undefined
  }),
})
