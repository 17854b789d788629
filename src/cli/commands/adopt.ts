import { copyFile, rename } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { defineCommand } from 'citty'
import { openLocalDatabase } from '../../runtime/server/database/open'
import type { Engine } from '../../runtime/server/engine/engine'
import { prepareFile, removeDatabase } from '../../runtime/server/engine/file'
import { adopt } from '../../runtime/server/operations/adopt'
import { verify } from '../../runtime/server/operations/verify'
import { COMMON, CommandError, EXIT, openCopy, runCommand } from '../context'
import type { Output } from '../output'

export default defineCommand({
  meta: { name: 'adopt', description: 'Takes over a database of the earlier public provider into a new file; the old one is not touched' },
  args: { ...COMMON, old: { type: 'positional', required: true, description: 'The old database; stop its server first' } },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ config, out }) => {
    const old = resolve(args.old)
    if (!existsSync(old)) throw new CommandError(`There is no file ${old}.`, EXIT.noDatabase)
    if (existsSync(config.path)) throw new CommandError(`${config.path} is there already. Name a new file with --db.`)
    const copy = `${config.path}.adopting`
    // Under its own name only once it is whole: a server would start with half of it.
    const next = `${config.path}.adopted`
    try {
      for (const left of [copy, next]) await removeDatabase(left)
      await prepareFile(copy)
      // Copied with its WAL and read from there: opening it would change the old one.
      for (const part of ['', '-wal']) if (existsSync(old + part)) await copyFile(old + part, copy + part)
      const source = openCopy(copy)
      try {
        await prepareFile(next)
        const engine = await openLocalDatabase({ ...config, path: next }, { info: () => {} })
        const { adopted, faults, found } = await takeOver(source, engine, out).finally(() => engine.close())
        const isWhole = found === 0 && adopted.differences.length === 0
        await rename(next, config.path)
        out.result({ ...adopted, faults })
        out.table(['what', 'taken'], Object.entries(adopted.taken))
        for (const line of adopted.left) out.warn(`left: ${line}`)
        for (const line of adopted.differences) out.bad(line)
        for (const fault of faults) out.bad(`${fault.check}: ${fault.message} ${fault.workspaceId ?? ''} ${fault.subject ?? ''}`)
        if (isWhole) out.good(`${config.path} is verified. Give it to OR3_SQLITE_DB_PATH and start the server.`)
        return isWhole ? EXIT.done : EXIT.faults
      }
      finally {
        await source.close()
      }
    }
    finally {
      for (const left of [copy, next]) await removeDatabase(left)
    }
  }),
})

async function takeOver(source: Engine, engine: Engine, out: Output) {
  const adopted = await adopt(source, engine, Date.now(), share => out.progress('Taking over', share))
  const { faults, found } = await verify(engine, share => out.progress('Checking', share))
  return { adopted, faults, found }
}
