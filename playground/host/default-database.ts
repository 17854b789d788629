import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { playgroundRoot } from '#playground/root'

/** The defaults of the playground: this machine only, and `playground/.data/`, or `.data/` where a built server was carried away from the repository. */
export default function defaultDatabase(): void {
  const home = existsSync(playgroundRoot) ? playgroundRoot : process.cwd()
  // Anybody may sign in here without a password, so only this machine may ask unless told otherwise.
  process.env.HOST ||= process.env.NITRO_HOST || '127.0.0.1'
  process.env.OR3_SQLITE_DB_PATH ||= join(home, '.data', 'or3-sync.sqlite')
}
