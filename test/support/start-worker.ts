import { spawn } from 'node:child_process'
import { resolve } from 'node:path'

export interface Worker<Report> {
  /** Settles when the worker waits for the word to go for the nth time, or has ended. */
  ready(times: number): Promise<void>
  /** What it writes as JSON when it has ended. */
  readonly report: Promise<Report>
  go(): void
}

/** Runs a script of test/process in a process of its own. It writes `ready` on a line where it waits for the word to go. */
export function startWorker<Report>(script: string, ...args: string[]): Worker<Report> {
  const child = spawn(process.execPath, [resolve('node_modules/jiti/lib/jiti-cli.mjs'), script, ...args], { stdio: 'pipe' })
  let out = ''
  let trouble = ''
  child.stdout.on('data', chunk => (out += String(chunk)))
  child.stderr.on('data', chunk => (trouble += String(chunk)))
  const report = new Promise<Report>((settle, fail) => {
    child.on('error', fail)
    child.on('close', code => code === 0 ? settle(JSON.parse(out.replaceAll('ready\n', '')) as Report) : fail(new Error(`worker ended with ${code}: ${trouble}`)))
  })
  const ready = (times: number) => new Promise<void>((settle) => {
    const look = () => {
      if (out.split('ready\n').length > times) settle()
    }
    look()
    child.stdout.on('data', look)
    child.on('close', () => settle())
  })
  return { ready, report, go: () => child.stdin.write('go') }
}
