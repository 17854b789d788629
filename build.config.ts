import { defineBuildConfig } from 'unbuild'

/** Beside the module: the command line, which brings along what it needs of the runtime. */
export default defineBuildConfig({
  entries: [{ input: 'src/cli/main', name: 'cli' }],
  externals: ['better-sqlite3', 'citty', 'consola', 'consola/utils', 'h3', 'kysely', 'kysely/migration', 'zod'],
})
