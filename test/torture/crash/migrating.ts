import { writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { SqliteMigrator } from '../../../src/runtime/server/database/migrator'
import { prepareFile } from '../../../src/runtime/server/engine/file'

/* Migrates up and down until it is killed. */

const [path = '', atWork = ''] = process.argv.slice(2)

async function main(): Promise<void> {
  await prepareFile(path)
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  const migrator = new SqliteMigrator(database)
  writeFileSync(atWork, '')
  for (;;) {
    await migrator.up()
    await migrator.down()
  }
}

void main()
