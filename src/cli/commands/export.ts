import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { defineCommand } from 'citty'
import type { Engine } from '../../runtime/server/engine/engine'
import { createPrivate, removeDatabase } from '../../runtime/server/engine/file'
import { exportWorkspace } from '../../runtime/server/operations/transfer'
import { COMMON, CommandError, demandOther, openCopy, runCommand } from '../context'

export default defineCommand({
  meta: { name: 'export', description: 'Writes a workspace as lines of JSON, with versions and stamps' },
  args: {
    ...COMMON,
    workspace: { type: 'positional', required: true, description: 'Its id' },
    file: { type: 'positional', required: false, description: 'Where to; standard output by default' },
    redact: { type: 'boolean', description: 'Replace what people wrote by filler of the same length, for bug reports' },
  },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ config, open, out }) => {
    const file = args.file === undefined ? undefined : resolve(args.file)
    if (file !== undefined) demandOther(file, config.path)
    const lines = await onCopy(config.path, open(), engine => write(engine, { workspaceId: args.workspace, redact: args.redact === true, file }))
    if (file === undefined) return undefined
    out.result({ file, lines })
    out.good(`${file}: ${lines.toLocaleString('en')} lines`)
    return undefined
  }),
})

/** One moment of a database that a server may be writing to: a copy, which is gone afterwards. */
async function onCopy<Result>(path: string, engine: Engine, work: (copy: Engine) => Promise<Result>): Promise<Result> {
  const copy = `${path}.exporting-${process.pid}`
  try {
    await engine.backup(copy)
    const opened = openCopy(copy)
    return await work(opened).finally(() => opened.close())
  }
  finally {
    await removeDatabase(copy)
  }
}

/** To standard output, or to a file that bears its name only once it is whole. Returns the number of lines. */
async function write(engine: Engine, { workspaceId, redact, file }: { workspaceId: string, redact: boolean, file: string | undefined }): Promise<number> {
  let lines = 0
  async function* text(): AsyncGenerator<string> {
    for await (const item of exportWorkspace(engine, workspaceId, { redact, nowMs: Date.now() })) {
      lines += 1
      yield `${JSON.stringify(item)}\n`
    }
    if (lines === 0) throw new CommandError(`There is no workspace ${workspaceId}, or it was removed.`)
  }
  if (file === undefined) {
    for await (const line of text()) process.stdout.write(line)
    return lines
  }
  const part = `${file}.part`
  try {
    await rm(part, { force: true })
    await createPrivate(part)
    await pipeline(Readable.from(text()), createWriteStream(part))
    await rename(part, file)
    return lines
  }
  finally {
    await rm(part, { force: true })
  }
}
