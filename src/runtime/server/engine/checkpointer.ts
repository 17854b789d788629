import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'

/** The server's own checkpoints: every this many pages while no worker makes them, which is SQLite's default. */
export const PAGES_ALONE = 1000
/** With a worker: only if it cannot keep up, so that the WAL ends at about 64 MiB (hazard F12). */
const PAGES_WITH_WORKER = 16_000

/** A WAL of this size has seen more than a few writes: a worker is worth its thread. */
const BUSY_WAL_BYTES = 2 * 1024 * 1024
const COMMITS_BETWEEN_LOOKS = 64
const PAUSE_MS = 20

/*
 * Runs in a thread of its own. As text, because a bundler would have to be told of a file. A passive
 * checkpoint waits for nobody and nobody waits for it.
 */
const WORKER = `
  const { parentPort, workerData } = require('node:worker_threads')
  const Database = require(workerData.driver)
  const database = new Database(workerData.path, { fileMustExist: true })
  const checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)')
  parentPort.on('message', (message) => {
    if (message === 'checkpoint') return void checkpoint.all()
    database.close()
    parentPort.close()
  })
  parentPort.postMessage('ready')`

export interface CheckpointerOptions {
  readonly path: string
  /** Called with the number of pages after which a commit has to make a checkpoint itself. */
  readonly setOwnPages: (pages: number) => void
}

/**
 * Moves the WAL into the file beside the server instead of inside its commits. A checkpoint writes pages all
 * over the file and waits for the disk: in the commits it was a quarter of the time of a push in a small file
 * and 40 % in one with a million rows, and held up every request meanwhile. Without the worker, wherever it
 * cannot run, all is as SQLite has it.
 */
export class Checkpointer {
  #worker: Worker | undefined
  #ended: Promise<unknown> | undefined
  #ready = false
  #failed = false
  #commits = 0
  #asked = 0

  constructor(private readonly options: CheckpointerOptions) {}

  /** To be told after each commit; costs next to nothing and never throws. */
  committed(): void {
    if (this.#ready) return this.#ask()
    this.#commits += 1
    if (!this.#worker && !this.#failed && this.#commits % COMMITS_BETWEEN_LOOKS === 0 && this.#isBusy()) this.#start()
  }

  /** Whether a worker makes the checkpoints. */
  get isHelped(): boolean {
    return this.#ready
  }

  /** Settles when the worker has closed the file. */
  async stop(): Promise<void> {
    this.#ready = false
    this.#worker?.ref()
    this.#worker?.postMessage('close')
    await this.#ended
  }

  #ask(): void {
    const now = performance.now()
    if (now - this.#asked < PAUSE_MS) return
    this.#asked = now
    this.#worker?.postMessage('checkpoint')
  }

  #isBusy(): boolean {
    try {
      return statSync(`${this.options.path}-wal`).size > BUSY_WAL_BYTES
    }
    catch {
      // Not there, or not to be seen: the writes themselves say what is wrong, if anything is.
      return false
    }
  }

  #start(): void {
    try {
      const driver = createRequire(import.meta.url).resolve('better-sqlite3')
      const worker = new Worker(WORKER, { eval: true, workerData: { driver, path: this.options.path } })
      worker.unref()
      worker.once('message', () => {
        this.#ready = true
        this.options.setOwnPages(PAGES_WITH_WORKER)
      })
      worker.once('error', () => this.#doWithout())
      this.#worker = worker
      // Not `once`, which would fail with the worker's error.
      this.#ended = new Promise(settle => worker.once('exit', settle))
    }
    catch {
      this.#doWithout()
    }
  }

  #doWithout(): void {
    this.#failed = true
    this.#ready = false
    this.#worker = undefined
    this.options.setOwnPages(PAGES_ALONE)
  }
}
