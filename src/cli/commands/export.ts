import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { defineCommand } from 'citty'
import { createPrivate } from '../../runtime/server/engine/file'
import type { Header, Line } from '../../runtime/server/operations/transfer'
import { exportWorkspace } from '../../runtime/server/operations/transfer'
import { COMMON, CommandError, runCommand } from '../context'

export default defineCommand({
  meta: { name: 'export', description: 'Writes a workspace as lines of JSON, with versions and stamps' },
  args: {
    ...COMMON,
    workspace: { type: 'positional', required: true, description: 'Its id' },
    file: { type: 'positional', required: false, description: 'Where to; standard output by default' },
    redact: { type: 'boolean', description: 'Replace what people wrote by filler of the same length, for bug reports' },
  },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ open, out }) => {
    let lines = 0
    const items = exportWorkspace(open(), args.workspace, { redact: args.redact === true, nowMs: Date.now() })
    const first = await items.next()
    if (first.done) throw new CommandError(`There is no workspace ${args.workspace}.`)
    async function* text(head: Header | Line): AsyncGenerator<string> {
      yield `${JSON.stringify(head)}\n`
      for await (const item of items) {
        lines += 1
        yield `${JSON.stringify(item)}\n`
      }
    }
    if (args.file === undefined) {
      for await (const line of text(first.value)) process.stdout.write(line)
      return undefined
    }
    const file = resolve(args.file)
    const part = `${file}.part`
    await rm(part, { force: true })
    await createPrivate(part)
    await pipeline(Readable.from(text(first.value)), createWriteStream(part))
    await rename(part, file)
    out.result({ file, lines })
    out.good(`${file}: ${lines.toLocaleString('en')} lines`)
    return undefined
  }),
})
