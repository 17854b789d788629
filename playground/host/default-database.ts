import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { playgroundRoot } from '#playground/root'

/** `playground/.data/`, or `.data/` where a built server was carried away from the repository. */
export default function defaultDatabase(): void {
  const home = existsSync(playgroundRoot) ? playgroundRoot : process.cwd()
  process.env.OR3_SQLITE_DB_PATH ||= join(home, '.data', 'or3-sync.sqlite')
}
