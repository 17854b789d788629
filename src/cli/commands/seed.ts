import { defineCommand } from 'citty'
import { systemClock } from '../../runtime/server/clock'
import { openLocalDatabase } from '../../runtime/server/database/open'
import { prepareFile } from '../../runtime/server/engine/file'
import { seedDemo } from '../demo'
import { COMMON, CommandError, runCommand } from '../context'

export default defineCommand({
  meta: { name: 'seed', description: 'Demo data for development: a user, a workspace and some conversations' },
  args: {
    ...COMMON,
    threads: { type: 'string', description: 'How many conversations', default: '10' },
    provider: { type: 'string', description: 'The auth provider of the user', default: 'demo' },
    user: { type: 'string', description: 'Their id at that provider', default: 'ada' },
  },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ config, out }) => {
    const threads = Number(args.threads)
    if (!Number.isInteger(threads) || threads < 1 || threads > 10_000) throw new CommandError('--threads must be a whole number from 1 to 10000.')
    await prepareFile(config.path)
    const engine = await openLocalDatabase(config, { info: () => {} })
    try {
      const seeded = await seedDemo({ engine, clock: systemClock, config }, { threads, provider: args.provider, providerUserId: args.user })
      out.result(seeded)
      out.good(`${seeded.threads} conversations with ${seeded.messages} messages in workspace ${seeded.workspaceId}`)
      return undefined
    }
    finally {
      await engine.close()
    }
  }),
})
