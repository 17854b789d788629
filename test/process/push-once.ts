import { readConfig } from '../../src/runtime/server/config'
import { startProvider } from '../../src/runtime/server/provider'
import Database from 'better-sqlite3'
import { eventOf, op, pushAs } from '../support/ops'

const [path, uid] = process.argv.slice(2)

/** Pushes one op to the file of its first argument, as the user of its second, and prints the status a client would get. */
async function main(): Promise<void> {
  // Everything is loaded by now, the bundle being one file: the other user may have no right to read this folder.
  new Database(':memory:').close()
  if (uid !== undefined) {
    process.setgid?.(Number(uid))
    process.setuid?.(Number(uid))
  }
  const quiet = { info: () => {}, warn: () => {}, error: () => {} }
  const provider = startProvider(readConfig({ OR3_SQLITE_DB_PATH: path }), { log: quiet })
  try {
    const { serverVersion } = await pushAs(provider.syncGateway, eventOf('ada', 'ws'), 'ws', op({ pk: 'from-another-user' }))
    console.log(`200 version ${serverVersion}`)
  }
  catch (error) {
    const { statusCode, message } = error as { statusCode?: number, message: string }
    console.log(`${statusCode} ${message}`)
  }
  await provider.close()
}

void main()
