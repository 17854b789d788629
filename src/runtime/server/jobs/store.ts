import type { Clock } from '../clock'
import type { Engine } from '../engine/engine'
import { prepared } from '../engine/engine'
import { answer } from '../host/errors'
import type { BackgroundJobProvider, JobConfig } from '../host/jobs-contract'
import { fields, json, prose, text, whole, withShapes } from '../host/shapes'
import { cleanText } from '../input'
import * as jobs from './jobs'
import * as leases from './leases'

/** The host's defaults (contract §2.6). */
const DEFAULTS: JobConfig = { maxConcurrentJobs: 20, maxConcurrentJobsPerUser: 5, jobTimeoutMs: 300_000, completedJobRetentionMs: 300_000 }

export interface JobStoreOptions {
  readonly engine: Engine
  readonly clock: Clock
  /** The host's `getJobConfig`, asked anew each time; a number it lacks is the host's default. */
  readonly getJobConfig: (() => Partial<JobConfig> | undefined) | undefined
}

const LEASE = { id: text, owner: text, now: whole, leaseExpiresAt: whole }
const WORK = { tool_calls: json.optional(), workflow_state: json.optional() }
const SHAPES = {
  createJob: {
    params: fields({
      userId: text, threadId: text, messageId: text, model: text, kind: text.nullish(), idempotencyKey: text.nullish(), execution: json.optional(), ...WORK,
    }),
  },
  getJob: { id: text, userId: text },
  updateJob: { id: text, update: fields({ contentChunk: prose.optional(), chunksReceived: whole.optional(), leaseOwner: text.nullish(), ...WORK }) },
  completeJob: { id: text, finalContent: prose, leaseOwner: text.nullish() },
  failJob: { id: text, error: prose, leaseOwner: text.nullish() },
  abortJob: { id: text, userId: text },
  checkJobAborted: { id: text },
  claimJob: LEASE,
  claimNextJob: { owner: text, now: whole, leaseExpiresAt: whole },
  renewJobLease: LEASE,
  updateJobExecution: { id: text, execution: json, owner: text },
}

const statusOf = prepared<{ status: string }>('SELECT status FROM background_jobs WHERE id = ?')
const countStreaming = prepared<{ n: number }>('SELECT COUNT(*) AS n FROM background_jobs WHERE status = \'streaming\'')

/** The host's background jobs (contract §2.6). Times are milliseconds. */
export function createJobStore({ engine, clock, getJobConfig }: JobStoreOptions): BackgroundJobProvider {
  const config = (): JobConfig => ({ ...DEFAULTS, ...numbersOf(getJobConfig?.()) })
  // Errors keep their class: the host tells a lost lease by its name, and shows the user the text of the cap.
  const reply = <Result>(work: Promise<Result>) => answer(work, error => error)
  return withShapes<BackgroundJobProvider>({
    name: 'sqlite',
    createJob: async params => reply(jobs.createJob(engine, params, config(), clock.now())),
    getJob: async (id, userId) => reply(jobs.getJob(engine, id, userId)),
    updateJob: async (id, update) => reply(jobs.updateJob(engine, id, typeof update.contentChunk === 'string' ? { ...update, contentChunk: cleanText(update.contentChunk) } : update, clock.now())),
    completeJob: async (id, finalContent, leaseOwner) => reply(jobs.completeJob(engine, id, cleanText(finalContent), leaseOwner, clock.now())),
    failJob: async (id, error, leaseOwner) => reply(jobs.failJob(engine, id, cleanText(error), leaseOwner, clock.now())),
    abortJob: async (id, userId) => reply(jobs.abortJob(engine, id, userId, clock.now())),
    // Jobs run in whichever process holds the lease: there is no controller to hand out.
    getAbortController: () => undefined,
    checkJobAborted: async id => (await reply(engine.all(statusOf(id))))[0]?.status === 'aborted',
    cleanupExpired: async () => reply(leases.cleanupExpired(engine, config(), clock.now())),
    getActiveJobCount: async () => (await reply(engine.all(countStreaming())))[0]?.n ?? 0,
    claimJob: async (id, owner, now, leaseExpiresAt) => reply(leases.claimJob(engine, id, owner, now, leaseExpiresAt)),
    claimNextJob: async (owner, now, leaseExpiresAt) => reply(leases.claimNextJob(engine, owner, now, leaseExpiresAt)),
    renewJobLease: async (id, owner, now, leaseExpiresAt) => reply(leases.renewJobLease(engine, id, owner, now, leaseExpiresAt)),
    updateJobExecution: async (id, execution, owner) => reply(leases.updateJobExecution(engine, id, execution, owner)),
  }, SHAPES)
}

function numbersOf(config: Partial<JobConfig> | undefined): Partial<JobConfig> {
  return Object.fromEntries(Object.entries(config ?? {}).filter(([name, value]) => name in DEFAULTS && Number.isFinite(value)))
}
