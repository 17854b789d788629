// Writes the SQL of migrations/ into a module of the runtime: a file outside src/runtime is not part of
// what the module builder emits, and a bundled server has no migrations folder beside it.
// With --check it writes nothing and fails when the module is out of date.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'

const root = new URL('..', import.meta.url)
const folder = new URL('migrations/sqlite/', root)
const target = new URL('src/runtime/server/database/migrations.generated.ts', root)

const names = readdirSync(folder).filter(file => file.endsWith('.up.sql')).map(file => file.slice(0, -'.up.sql'.length)).sort()
const entries = names.map((name) => {
  const up = readFileSync(new URL(`${name}.up.sql`, folder), 'utf8')
  const down = readFileSync(new URL(`${name}.down.sql`, folder), 'utf8')
  const checksum = createHash('sha256').update(up).digest('hex')
  return `  {\n    name: ${quote(name)},\n    checksum: ${quote(checksum)},\n    up: ${template(up)},\n    down: ${template(down)},\n  },`
})

const source = `// Written by scripts/embed-migrations.mjs from migrations/sqlite. Do not edit.

export interface EmbeddedMigration {
  readonly name: string
  /** SHA-256 of the up script, kept in the ledger so that an edited past migration is noticed. */
  readonly checksum: string
  readonly up: string
  readonly down: string
}

export const MIGRATIONS: readonly EmbeddedMigration[] = [
${entries.join('\n')}
]
`

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== source) {
    console.error('src/runtime/server/database/migrations.generated.ts is out of date: run `npm run migrations:embed`.')
    process.exit(1)
  }
}
else {
  writeFileSync(target, source)
}

function quote(text) {
  return `'${text}'`
}

function template(text) {
  return `\`${text.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${')}\``
}
