import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/provider'
import { Client, startServer } from '../support/server'

function seed(...args: string[]): Promise<{ code: number, output: string }> {
  return new Promise((settle) => {
    execFile(process.execPath, [resolve('node_modules/jiti/lib/jiti-cli.mjs'), 'playground/seed/main.ts', ...args], (error, stdout, stderr) => {
      settle({ code: typeof error?.code === 'number' ? error.code : 0, output: (stdout + stderr).trim() })
    })
  })
}

describe('npm run seed', () => {
  it('fills a workspace through the push route, once', async () => {
    const server = await startServer()
    expect(await seed('--url', server.url)).toEqual({ code: 0, output: '3 conversations into “My Workspace” of ada: 22 rows written, 0 already there, 0 refused.' })
    expect(await seed('--url', server.url)).toEqual({ code: 0, output: '3 conversations into “My Workspace” of ada: 0 rows written, 22 already there, 0 refused.' })
    const client = new Client(server.url)
    const workspaceId = await client.signIn('ada')
    const { body } = await client.post('/api/sync/pull', { scope: { workspaceId }, cursor: 0, limit: 300, tables: ['threads'] })
    expect((body as { changes: { payload: { title: string } }[] }).changes.map(change => change.payload.title)).toEqual(['A week in Lisbon with a pram', 'SQL: keep the newest row per key', 'Why did my sourdough go flat?'])
  })

  it('takes files of one\'s own, for another user, in batches of 50', async () => {
    const server = await startServer()
    const file = join(await temporaryFolder(), 'long.md')
    await writeFile(file, Array.from({ length: 120 }, (_, turn) => `## ${turn % 2 ? 'Assistant' : 'User'}\n\nTurn ${turn}`).join('\n\n'))
    expect((await seed(file, '--user', 'grace', '--url', server.url)).output).toBe('1 conversations into “My Workspace” of grace: 121 rows written, 0 already there, 0 refused.')
  })

  it.each([
    [['missing.json'], 'missing.json cannot be read (ENOENT)'],
    [['package-lock.json', '--url', 'http://127.0.0.1:9'], 'package-lock.json: This is no ChatGPT export: the file: Invalid input: expected array, received object'],
    [['LICENSE'], 'LICENSE: give a .json of ChatGPT or a .md transcript'],
    [['--url', 'http://127.0.0.1:9'], 'No playground answers at http://127.0.0.1:9. Start it with `npm start`, or name another with --url.'],
  ])('says what is wrong with %j', async (args, output) => {
    expect(await seed(...args)).toEqual({ code: 1, output })
  })
})
