import { readConfig } from '../../src/runtime/server/config'
import { startProvider } from '../../src/runtime/server/provider'
import { eventOf, op, pushAs } from '../support/ops'

/*
 * One of several processes on one file. Reads its job from its arguments, and prints what happened as one
 * line of JSON. Started by jiti, which runs the sources as they are.
 */

const [path = '', name = '', rounds = '0', mode = 'all'] = process.argv.slice(2)

async function main(): Promise<void> {
  const log = { info: () => {}, warn: () => {}, error: (message: string) => console.error(message) }
  const provider = startProvider(readConfig({ OR3_SQLITE_DB_PATH: path }), { log })
  const { syncGateway, workspaceStore } = provider
  const event = eventOf(name, 'shared')
  const versions: number[] = []
  const errors: string[] = []
  const seen: number[] = []

  const user = await workspaceStore.getOrCreateUser({ provider: 'demo', providerUserId: 'everybody' })
  const workspace = await workspaceStore.getOrCreateDefaultWorkspace(user.userId)
  let cursor = 0
  for (let round = 0; mode === 'all' && round < Number(rounds); round++) {
    if (round === 0 || round === Math.floor(Number(rounds) / 2)) await barrier()
    try {
      const ops = Array.from({ length: 5 }, (_, index) => op({ pk: `${name}-${round}-${index}`, deviceId: name }))
      const { results } = await pushAs(syncGateway, event, 'shared', ...ops, op({ pk: 'contended', clock: round + 1, deviceId: name }))
      versions.push(...results.map(result => result.serverVersion ?? -1))
      const page = await syncGateway.pull(event, { scope: { workspaceId: 'shared' }, cursor, limit: 1000 })
      seen.push(...page.changes.map(change => change.serverVersion))
      cursor = page.nextCursor
    }
    catch (error) {
      errors.push(error instanceof Error ? error.message : String(error))
    }
  }
  await provider.close()
  console.log(JSON.stringify({ userId: user.userId, workspaceId: workspace.workspaceId, versions, errors, seen }))
}

/**
 * Says that it is ready and waits for the word to go: at the start and half way, so that all really run at
 * the same time, however the machine shares its cores.
 */
async function barrier(): Promise<void> {
  process.stdout.write('ready\n')
  process.stdin.ref()
  await new Promise(settle => process.stdin.once('data', settle))
  process.stdin.unref()
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
