import { execFileSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { outsideTests } from '../support/environment'
import { messageOp } from '../support/rows'
import { Client, startServer } from '../support/server'

/*
 * The package as a host gets it: packed, installed outside this repository beside a Nuxt of its own, built
 * into hosts of two ages and served from their build output alone.
 */

let home = ''
let listing: string[] = []

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'or3-hosts-'))
  const root = resolve('.')
  npm(root, 'run', 'build')
  const packed = JSON.parse(npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', home)) as { filename: string, files: { path: string }[] }[]
  const [tarball] = packed
  if (!tarball) throw new Error('npm pack made nothing')
  listing = tarball.files.map(file => file.path)
  await cp('test/fixtures/hosts', home, { recursive: true })
  // August's host is February's with the registries that came in between.
  await cp(join(home, 'february'), join(home, 'august'), { recursive: true })
  const { devDependencies } = JSON.parse(await readFile('package.json', 'utf8')) as { devDependencies: Record<string, string> }
  await writeFile(join(home, 'package.json'), JSON.stringify({
    name: 'hosts',
    private: true,
    type: 'module',
    dependencies: { 'nuxt': devDependencies.nuxt, 'or3-provider-sqlite': `file:${tarball.filename}` },
  }))
  npm(home, 'install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error')
})

afterAll(() => rm(home, { recursive: true, force: true }))

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 * 1024 * 1024 }).toString()
}

function build(age: string): string {
  return execFileSync(process.execPath, [join(home, 'node_modules/nuxt/bin/nuxt.mjs'), 'build'], { cwd: join(home, age), env: { ...outsideTests(), NUXT_TELEMETRY_DISABLED: '1' }, stdio: 'pipe' }).toString()
}

describe('the packed package', () => {
  it('holds what a host needs and nothing else', () => {
    expect(listing).toEqual(expect.arrayContaining(['dist/module.mjs', 'dist/types.d.mts', 'dist/runtime/server/plugin.js', 'migrations/sqlite/001_init.up.sql', 'README.md', 'LICENSE', 'CHANGELOG.md']))
    expect(listing.filter(path => !/^(?:dist|migrations|docs)\/|^(?:README\.md|LICENSE|CHANGELOG\.md|package\.json)$/.test(path))).toEqual([])
  })

  it('brings no Node.js to its users', () => {
    const names = npm(home, 'ls', '--all', '--parseable').split('\n').map(path => path.slice(path.lastIndexOf('node_modules/')))
    expect(names.filter(name => /node_modules\/node(?:-bin)?-(?:linux|darwin|win)/.test(name))).toEqual([])
  })

  it.each([
    ['february', 'This host has no registry for: webhook store, Connect store. The provider leaves these roles out.'],
    ['august', undefined],
  ])('builds in a host of %s and serves push and pull', async (age, line) => {
    const output = build(age)
    if (line === undefined) expect(output).not.toContain('has no registry for')
    else expect(output).toContain(line)

    const served = join(home, `${age}-served`)
    await cp(join(home, age, '.output'), served, { recursive: true })
    const server = await startServer({ entry: join(served, 'server/index.mjs') })
    const client = new Client(server.url)
    const put = messageOp()
    expect(await client.post('/api/push', { ops: [put] })).toMatchObject({ status: 200, body: { serverVersion: 1, results: [{ success: true, applied: true }] } })
    expect(await client.post('/api/pull', { cursor: 0, limit: 10 })).toMatchObject({ status: 200, body: { changes: [{ pk: put.pk, payload: put.payload }] } })
    expect(await server.stop()).toBe(0)
  })

  it('opens no file in a host without auth', async () => {
    const server = await startServer({ entry: join(home, 'august-served', 'server/index.mjs'), env: { NUXT_AUTH_ENABLED: 'false', OR3_SQLITE_DB_PATH: '' } })
    expect(await server.stop()).toBe(0)
  })
})
