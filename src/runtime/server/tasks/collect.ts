import { currentProvider } from '../shared'

/** A Nitro task, for hosts that schedule their own: `runTask('or3-sqlite:collect')`, or an entry of `scheduledTasks`. */
export default {
  meta: { name: 'or3-sqlite:collect', description: 'Removes history that no device needs any more' },
  async run(): Promise<{ result: string }> {
    const provider = currentProvider()
    if (!provider) return { result: 'The SQLite provider is not in use.' }
    const entries = await provider.collect()
    return { result: entries === undefined ? 'Not done: another process is at it, or the last try failed a moment ago.' : `${entries} log entries went.` }
  },
}
