import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { outsideTests } from './environment'

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Starts the built command as a user's shell would. */
export function startCli(args: readonly string[], env: Record<string, string> = {}): { readonly process: ChildProcess, readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [resolve('dist/cli.mjs'), ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...outsideTests(), ...env } })
  let out = ''
  let err = ''
  child.stdout.on('data', chunk => (out += String(chunk)))
  child.stderr.on('data', chunk => (err += String(chunk)))
  const ended = new Promise<Ended>((settle, fail) => {
    child.on('error', fail)
    child.on('close', code => settle({ code, out, err }))
  })
  return { process: child, ended }
}

export function cli(...args: string[]): Promise<Ended> {
  return startCli(args).ended
}

/** What a command answers with --json. Throws unless it ends with 0. */
export async function cliJson<Value>(...args: string[]): Promise<Value> {
  const { code, out, err } = await cli(...args, '--json')
  if (code !== 0) throw new Error(`exit code ${code}: ${out}${err}`)
  return JSON.parse(out) as Value
}
