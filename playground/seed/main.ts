import { readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readChatGptExport } from './chatgpt'
import { SeedClient } from './client'
import type { Conversation } from './conversation'
import { toOps, TranscriptError } from './conversation'
import { readMarkdown } from './markdown'

const HELP = `Fills a workspace of a running playground from conversation files.

  npm run seed                                 the transcripts that come with the playground
  npm run seed -- FILE [FILE ...]              a ChatGPT conversations.json, or transcripts in Markdown

  --user NAME   ada, grace or linus            default: ada
  --url URL     where the playground runs      default: http://localhost:3000`

const SHIPPED = ['transcripts/conversations.json', 'transcripts/sourdough.md'].map(file => fileURLToPath(new URL(file, import.meta.url)))

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { user: { type: 'string', default: 'ada' }, url: { type: 'string', default: 'http://localhost:3000' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) {
    console.log(HELP)
    return
  }
  const files = positionals.length > 0 ? positionals : SHIPPED
  const conversations = (await Promise.all(files.map(readTranscript))).flat()

  const client = new SeedClient(values.url)
  const { workspaceId, workspaceName } = await client.signIn(values.user)
  const ops = conversations.flatMap(conversation => toOps(conversation, workspaceId))
  const isTerminal = process.stdout.isTTY
  const { written, alreadyThere, refused } = await client.push(workspaceId, ops, (sent) => {
    if (isTerminal) process.stdout.write(`\r${sent} of ${ops.length} sent`)
  })
  if (isTerminal) process.stdout.write('\r\u001B[K')

  console.log(`${conversations.length} conversations into “${workspaceName}” of ${values.user}: ${written} rows written, ${alreadyThere} already there, ${refused.length} refused.`)
  for (const result of refused.slice(0, 10)) console.error(`  refused: ${result.error}`)
  if (refused.length > 0) process.exitCode = 1
}

async function readTranscript(file: string): Promise<Conversation[]> {
  const name = basename(file)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new TranscriptError(`${name} cannot be read (${error.code})`)
  })
  try {
    const kind = extname(file).toLowerCase()
    if (kind === '.json') return readChatGptExport(text)
    if (kind === '.md' || kind === '.markdown') return readMarkdown(text, name.slice(0, -kind.length))
  }
  catch (error) {
    throw error instanceof TranscriptError ? new TranscriptError(`${name}: ${error.message}`) : error
  }
  throw new TranscriptError(`${name}: give a .json of ChatGPT or a .md transcript`)
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
