import { spawn } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { beforeAll, afterAll, describe, expect, it } from 'vitest'
import { eventOf, op, pullAll, pushAs } from '../support/ops'
import { openTestProvider } from '../support/provider'

const NOBODY = 65534
const isRoot = process.getuid?.() === 0

/*
 * Root may write everything, so the pushing process becomes another user first. That user may have no right
 * to enter this repository, so the program is one file that is loaded as a whole before.
 */
let home = ''
const BUNDLE = resolve('node_modules/.cache/or3-push-once.mjs')

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'or3-rights-'))
  await chmod(home, 0o755)
  await build({ entryPoints: ['test/process/push-once.ts'], outfile: BUNDLE, bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'error' })
})
afterAll(() => rm(home, { recursive: true, force: true }))

function tryPush(path: string): Promise<string> {
  return new Promise((settle, fail) => {
    const child = spawn(process.execPath, isRoot ? [BUNDLE, path, String(NOBODY)] : [BUNDLE, path], { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    child.stdout.on('data', chunk => (out += String(chunk)))
    child.stderr.on('data', chunk => (out += String(chunk)))
    child.on('error', fail)
    child.on('close', () => settle(out.trim()))
  })
}

const READONLY = 'The database is read-only: the server has no right to write the file or its folder.'

describe('missing rights', () => {
  it('to make the file: 503 with the reason', async () => {
    const folder = join(home, 'locked')
    await mkdir(folder, { mode: 0o555 })
    expect(await tryPush(join(folder, 'x.sqlite'))).toBe(`503 The SQLite provider did not start. ${READONLY}`)
  })

  it('to read the file: 503 with a reason, and the file is as it was', async () => {
    const { path, close, syncGateway } = await openTestProvider({ path: join(home, 'private', 'x.sqlite') })
    await pushAs(syncGateway, eventOf('ada', 'ws'), 'ws', op())
    await close()
    await chmod(join(home, 'private'), 0o755)
    await chmod(path, isRoot ? 0o600 : 0o000)
    expect(await tryPush(path)).toMatch(/^503 The SQLite provider did not start\. The database (?:file cannot be opened|is read-only)/)
  })

  it('to write the file: 503 with the reason, and nothing is lost', async () => {
    const folder = join(home, 'readonly')
    const { path, close, syncGateway } = await openTestProvider({ path: join(folder, 'x.sqlite') })
    await pushAs(syncGateway, eventOf('ada', 'ws'), 'ws', op())
    await close()
    await chmod(folder, 0o555)
    await chmod(path, 0o444)
    const before = await readFile(path)
    expect(await tryPush(path)).toBe(`503 The SQLite provider did not start. ${READONLY}`)
    expect((await readFile(path)).equals(before)).toBe(true)
    await chmod(folder, 0o755)
    await cp(path, join(home, 'copy.sqlite'))
    const again = await openTestProvider({ path: join(home, 'copy.sqlite') })
    expect((await pullAll(again.syncGateway, eventOf('ada', 'ws'), 'ws')).changes).toHaveLength(1)
  })
})
