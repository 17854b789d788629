import { mkdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { build } from 'esbuild'

/** Makes one file of a worker, so that a process of it is up in a tenth of a second. Returns its path. */
export async function bundle(entry: string): Promise<string> {
  // Within the repository, where Node.js finds the packages that stay outside.
  const folder = resolve('node_modules/.cache/or3-torture')
  await mkdir(folder, { recursive: true })
  const outfile = join(folder, `${basename(entry, '.ts')}.${process.pid}.mjs`)
  await build({ entryPoints: [resolve(entry)], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', packages: 'external', logLevel: 'error' })
  return outfile
}
