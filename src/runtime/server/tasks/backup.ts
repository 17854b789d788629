import { currentProvider } from '../shared'

/** A Nitro task, for hosts that schedule their own: `runTask('or3-sqlite:backup')`, or an entry of `scheduledTasks`. */
export default {
  meta: { name: 'or3-sqlite:backup', description: 'Copies the SQLite database and checks the copy' },
  async run(): Promise<{ result: string }> {
    const provider = currentProvider()
    if (!provider) return { result: 'The SQLite provider is not in use.' }
    return { result: await provider.backUp() ? 'done' : 'Not done: another process is at it, or the last try failed a moment ago.' }
  },
}
