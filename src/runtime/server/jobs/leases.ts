import type { Engine, Plan, Reading } from '../engine/engine'
import { ask, countChanged, prepared } from '../engine/engine'
import type { BackgroundJob, JobConfig, JobExecution } from '../host/jobs-contract'
import { end } from './jobs'
import { findJobForWorker } from './sql'

const CLAIMABLE = `status = 'streaming' AND id IN (SELECT job_id FROM background_job_executions) AND (lease_owner IS NULL OR lease_expires_at IS NULL OR lease_expires_at <= ?)`
const isClaimable = prepared<{ id: string }>(`SELECT id FROM background_jobs WHERE id = ? AND ${CLAIMABLE}`)
const nextClaimable = prepared<{ id: string }>(`SELECT id FROM background_jobs WHERE ${CLAIMABLE} ORDER BY started_at, id LIMIT 1`)
const takeLease = prepared<never>(`
  UPDATE background_jobs SET lease_owner = ?, lease_expires_at = ?, last_activity_at = ?, attempts = attempts + 1 WHERE id = ?`)
const renew = prepared<{ id: string }>(`
  UPDATE background_jobs SET lease_expires_at = ?, last_activity_at = ?
  WHERE id = ? AND status = 'streaming' AND lease_owner = ? RETURNING id`)
const checkpoint = prepared<{ id: string }>(`
  UPDATE background_job_executions SET execution_json = ?
  WHERE job_id = (SELECT id FROM background_jobs WHERE id = ? AND status = 'streaming' AND lease_owner = ?)
  RETURNING job_id AS id`)
const silent = prepared<{ id: string }>(`
  SELECT id FROM background_jobs
  WHERE status = 'streaming' AND last_activity_at <= ? AND (lease_expires_at IS NULL OR lease_expires_at <= ?) LIMIT ?`)
const dropEnded = prepared<{ id: string }>(`
  DELETE FROM background_jobs WHERE id IN (
    SELECT id FROM background_jobs WHERE status <> 'streaming' AND completed_at <= ? LIMIT ?)
  RETURNING id`)

const STEP = 200

/** Gives a worker this job until `leaseExpiresAt`, if nobody has it; null otherwise. Times in milliseconds. */
export async function claimJob(engine: Engine, id: string, owner: string, nowMs: number, leaseExpiresAt: number): Promise<BackgroundJob | null> {
  return claim(engine, isClaimable(id, nowMs), owner, nowMs, leaseExpiresAt)
}

/** Gives a worker the job that waits longest, or null. Times in milliseconds. */
export async function claimNextJob(engine: Engine, owner: string, nowMs: number, leaseExpiresAt: number): Promise<BackgroundJob | null> {
  return claim(engine, nextClaimable(nowMs), owner, nowMs, leaseExpiresAt)
}

async function claim(engine: Engine, candidate: ReturnType<typeof nextClaimable>, owner: string, nowMs: number, leaseExpiresAt: number): Promise<BackgroundJob | null> {
  return engine.write(function* (): Reading<Plan<BackgroundJob | null>> {
    const [found] = yield* ask(candidate)
    const job = found && (yield* findJobForWorker(found.id))
    if (!job) return { writes: [], result: null }
    return {
      writes: [takeLease(owner, leaseExpiresAt, nowMs, job.id)],
      result: { ...job, leaseOwner: owner, leaseExpiresAt, lastActivityAt: nowMs, attempts: job.attempts + 1 },
    }
  })
}

/** Only for the worker that has the job; counts as activity. */
export async function renewJobLease(engine: Engine, id: string, owner: string, nowMs: number, leaseExpiresAt: number): Promise<boolean> {
  return await countChanged(engine, renew(leaseExpiresAt, nowMs, id, owner)) > 0
}

/** A worker's checkpoint; only for the one that has the job. */
export async function updateJobExecution(engine: Engine, id: string, execution: JobExecution, owner: string): Promise<boolean> {
  return await countChanged(engine, checkpoint(JSON.stringify(execution), id, owner)) > 0
}

/** Ends silent jobs that nobody has a lease on (trap J4) and forgets old ended ones. Returns their number. */
export async function cleanupExpired(engine: Engine, { jobTimeoutMs, completedJobRetentionMs }: JobConfig, nowMs: number): Promise<number> {
  const timedOut = await engine.write(function* (): Reading<Plan<number>> {
    const jobs = yield* ask(silent(nowMs - jobTimeoutMs, nowMs, STEP))
    return { writes: jobs.flatMap(({ id }) => end(id, 'error', 'Job timed out', nowMs)), result: jobs.length }
  })
  return timedOut + await countChanged(engine, dropEnded(nowMs - completedJobRetentionMs, STEP))
}
