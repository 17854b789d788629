import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MIGRATIONS } from '../../src/runtime/server/database/migrations.generated'

const ROOT = 'src/runtime/server'

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? sources(path) : path.endsWith('.ts') ? [path] : []
  })
}

function importsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/(?:from|import\() ?'([^']+)'/g)].flatMap(match => match[1] ?? [])
}

/** The room of a file: its folder below the server, or '' for those at its top. */
function roomOf(path: string): string {
  const inside = relative(ROOT, path)
  return inside.includes('/') ? inside.slice(0, inside.indexOf('/')) : ''
}

/** Which rooms a room may import from. Top-level files compose and may import everything. */
const MAY_IMPORT: Record<string, string[]> = {
  'engine': ['engine'],
  'database': ['database', 'engine', 'sync'],
  'host': ['host', 'engine'],
  'sync': ['sync', 'engine', 'host'],
  'storage': ['storage', 'engine', 'host'],
  'workspaces': ['workspaces', 'engine', 'host', 'database'],
  'admin': ['admin', 'engine', 'host', 'database', 'workspaces'],
  'webhooks': ['webhooks', 'engine', 'host'],
  'connect': ['connect', 'engine', 'host', 'database'],
  'rate-limit': ['rate-limit', 'engine', 'host'],
  'jobs': ['jobs', 'engine', 'host'],
  'notifications': ['notifications', 'host'],
  'metrics': ['metrics', 'engine', 'host'],
  'operations': ['operations', 'engine', 'database', 'sync'],
}
/** What shows or runs the composed provider. */
const COMPOSES = ['devtools', 'tasks']
/** What every room may use, because it uses nothing itself. */
const LEAVES = ['clock', 'input', 'byte-order']
/** Rules without I/O: they may not know the engine, the clock or the host's glue. */
const PURE = [
  ...['tables', 'revision', 'check-op', 'fingerprint', 'fold', 'outcome', 'page', 'hooks', 'snapshot-item', 'snapshot-request', 'snapshot-token'].map(name => `sync/${name}.ts`),
  'workspaces/rules.ts', 'storage/rules.ts', 'storage/page-key.ts', 'connect/state.ts', 'rate-limit/window.ts', 'notifications/notice.ts', 'operations/adopt-rows.ts',
]

describe('the house', () => {
  const files = sources(ROOT)

  it('imports point one way', () => {
    for (const file of files) {
      const room = roomOf(file)
      if (room === '' || COMPOSES.includes(room)) continue
      for (const target of importsOf(file).filter(path => path.startsWith('.'))) {
        const to = roomOf(join(file, '..', target))
        expect(to === '' ? LEAVES : MAY_IMPORT[room], `${file} imports ${target}`).toContain(to === '' ? basename(target) : to)
      }
    }
  })

  it('only the plugin knows the host\'s aliases and virtual modules', () => {
    for (const file of files) {
      const aliases = importsOf(file).filter(path => path.startsWith('#') || path.startsWith('~'))
      expect(aliases.length > 0, file).toBe(file.endsWith('server/plugin.ts'))
    }
  })

  it('the rules do no I/O, read no clock and roll no dice', () => {
    for (const file of PURE) {
      const source = readFileSync(join(ROOT, file), 'utf8')
      expect(source, file).not.toMatch(/Date\.now|new Date|Math\.random|randomUUID|await |process\./)
      expect(importsOf(join(ROOT, file)).filter(path => path.includes('engine') || (path.startsWith('node:') && path !== 'node:crypto')), file).toEqual([])
    }
  })

  it('only the engine and the database room load the driver', () => {
    for (const file of files.filter(file => importsOf(file).includes('better-sqlite3'))) expect(['engine/better-sqlite3.ts', 'engine/connection.ts', 'database/migrator.ts', 'database/open.ts', 'database/files.ts']).toContain(relative(ROOT, file))
    expect(importsOf(join(ROOT, 'plugin.ts'))).not.toContain('better-sqlite3')
  })

  it('only the configuration reads OR3_SQLITE_ variables', () => {
    for (const file of files) {
      if (file.endsWith('server/config.ts') || file.endsWith('server/plugin.ts')) continue
      expect(readFileSync(file, 'utf8'), file).not.toMatch(/process\.env/)
    }
  })

  it('files are small enough to hold in the head', () => {
    for (const file of files.filter(file => !file.endsWith('.generated.ts'))) expect(readFileSync(file, 'utf8').split('\n').length, file).toBeLessThan(260)
  })

  it('the embedded migrations are those of the folder', () => {
    expect(() => execFileSync(process.execPath, ['scripts/embed-migrations.mjs', '--check'])).not.toThrow()
    expect(MIGRATIONS.map(({ name }) => name)).toEqual([
      '001_init', '002_sync_tables', '003_snapshots', '004_storage', '005_invites', '006_admin', '007_webhooks', '008_connect', '009_limits_and_jobs', '010_chores',
    ])
  })
})
