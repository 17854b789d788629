import { currentProvider } from '../shared'

/** A Nitro task, for hosts that schedule their own: `runTask('or3-sqlite:collect')`, or an entry of `scheduledTasks`. */
export default {
  meta: { name: 'or3-sqlite:collect', description: 'Removes history that no device needs any more' },
  async run(): Promise<{ result: string }> {
    const entries = await currentProvider()?.collect()
    return { result: entries === undefined ? 'The SQLite provider is not in use.' : `${entries} log entries went.` }
  },
}
