import { randomUUID } from 'node:crypto'
import type { Engine, Plan, Reading, Statement } from '../engine/engine'
import { ask, prepared } from '../engine/engine'
import type { BackgroundJob, CreateJobParams, JobConfig, JobUpdate } from '../host/jobs-contract'
import { findJob, findJobForWorker, findState } from './sql'

/** Another worker has the job now; the host's executor stops quietly on this name. */
export class LeaseLostError extends Error {
  override readonly name = 'BackgroundJobLeaseLostError'

  constructor() {
    super('Background job lease was superseded')
  }
}

/** The host shows the text to the user. */
export class TooManyJobsError extends Error {
  override readonly name = 'TooManyJobsError'

  constructor() {
    super('Maximum concurrent background jobs reached')
  }
}

/** Chunks and characters at the end of a text before they are folded into it (trap J3). */
const MAX_TAIL_CHUNKS = 64
const MAX_TAIL_LENGTH = 16_384

const byKey = prepared<{ id: string }>('SELECT id FROM background_jobs WHERE user_id = ? AND idempotency_key = ?')
const streaming = prepared<{ all_jobs: number, of_user: number }>(`
  SELECT (SELECT COUNT(*) FROM background_jobs WHERE status = 'streaming') AS all_jobs,
    (SELECT COUNT(*) FROM background_jobs WHERE status = 'streaming' AND user_id = ?) AS of_user`)
const insert = prepared<never>(`
  INSERT INTO background_jobs (
    id, user_id, thread_id, message_id, model, kind, status, content, chunks_received, started_at, last_activity_at,
    tool_calls_json, workflow_state_json, idempotency_key, attempts)
  VALUES (?, ?, ?, ?, ?, ?, 'streaming', '', 0, ?, ?, ?, ?, ?, 0)`)
const insertExecution = prepared<never>('INSERT INTO background_job_executions (job_id, execution_json) VALUES (?, ?)')
const dropExecution = prepared<never>('DELETE FROM background_job_executions WHERE job_id = ?')
const addChunk = prepared<never>(`
  INSERT INTO background_job_chunks (job_id, seq, content)
  VALUES (?, 1 + COALESCE((SELECT MAX(seq) FROM background_job_chunks WHERE job_id = ?), 0), ?)`)
const foldChunks = prepared<never>(`
  UPDATE background_jobs
  SET content = content || COALESCE((
    SELECT group_concat(content, '' ORDER BY seq) FROM background_job_chunks WHERE job_id = background_jobs.id), '')
  WHERE id = ?`)
const dropChunks = prepared<never>('DELETE FROM background_job_chunks WHERE job_id = ?')
const touch = prepared<never>(`
  UPDATE background_jobs SET
    last_activity_at = ?,
    chunks_received = COALESCE(?, chunks_received),
    tool_calls_json = COALESCE(?, tool_calls_json),
    workflow_state_json = COALESCE(?, workflow_state_json)
  WHERE id = ?`)
const finish = prepared<never>(`
  UPDATE background_jobs
  SET status = ?, content = COALESCE(?, content), error = ?, completed_at = ?, last_activity_at = ?,
    lease_owner = NULL, lease_expires_at = NULL
  WHERE id = ?`)

/**
 * Begins a job. The same user's same key is the same job, and the caps are counted in the transaction that
 * begins it (hazard F16). Returns the job's id. Throws {@link TooManyJobsError}.
 */
export async function createJob(engine: Engine, params: CreateJobParams, { maxConcurrentJobs, maxConcurrentJobsPerUser }: JobConfig, nowMs: number): Promise<string> {
  const id = randomUUID()
  return engine.write(function* (): Reading<Plan<string>> {
    const key = params.idempotencyKey ?? null
    const [same] = key === null ? [] : yield* ask(byKey(params.userId, key))
    if (same) return { writes: [], result: same.id }
    const [count] = yield* ask(streaming(params.userId))
    if (count && (count.all_jobs >= maxConcurrentJobs || count.of_user >= maxConcurrentJobsPerUser)) throw new TooManyJobsError()
    const execution = json(params.execution)
    return {
      writes: [
        insert(
          id, params.userId, params.threadId, params.messageId, params.model, params.kind ?? null, nowMs, nowMs,
          json(params.tool_calls), json(params.workflow_state), key,
        ),
        ...execution === null ? [] : [insertExecution(id, execution)],
      ],
      result: id,
    }
  })
}

/** A job of this user; for `'*'`, the host itself, anybody's, with the worker's secrets. Null otherwise. */
export async function getJob(engine: Engine, id: string, userId: string): Promise<BackgroundJob | null> {
  const job = await engine.read(() => userId === '*' ? findJobForWorker(id) : findJob(id))
  return job && (userId === '*' || job.userId === userId) ? job : null
}

/** Appends to a streaming job and replaces what else is named. Throws {@link LeaseLostError}. */
export async function updateJob(engine: Engine, id: string, update: JobUpdate, nowMs: number): Promise<void> {
  return whileStreaming(engine, id, update.leaseOwner, state => [
    ...appendChunk(id, update.contentChunk, state.tail_chunks >= MAX_TAIL_CHUNKS || state.tail_length >= MAX_TAIL_LENGTH),
    touch(nowMs, update.chunksReceived ?? null, json(update.tool_calls), json(update.workflow_state), id),
  ])
}

/** Ends a streaming job with its whole text. Throws {@link LeaseLostError}. */
export async function completeJob(engine: Engine, id: string, finalContent: string, leaseOwner: string | undefined, nowMs: number): Promise<void> {
  return whileStreaming(engine, id, leaseOwner, () => [dropChunks(id), dropExecution(id), finish('complete', finalContent, null, nowMs, nowMs, id)])
}

/** Ends a streaming job that failed, with what came so far. Throws {@link LeaseLostError}. */
export async function failJob(engine: Engine, id: string, error: string, leaseOwner: string | undefined, nowMs: number): Promise<void> {
  return whileStreaming(engine, id, leaseOwner, () => end(id, 'error', error, nowMs))
}

/** Ends a user's own streaming job; false where there is none such. */
export async function abortJob(engine: Engine, id: string, userId: string, nowMs: number): Promise<boolean> {
  return engine.write(function* (): Reading<Plan<boolean>> {
    const [state] = yield* ask(findState(id))
    if (state?.status !== 'streaming' || state.user_id !== userId) return { writes: [], result: false }
    return { writes: end(id, 'aborted', null, nowMs), result: true }
  })
}

/** The writes that end a job with the text it has. What its worker kept secret goes (trap J5). */
export function end(id: string, status: 'error' | 'aborted', error: string | null, nowMs: number): Statement[] {
  return [foldChunks(id), dropChunks(id), dropExecution(id), finish(status, null, error, nowMs, nowMs, id)]
}

async function whileStreaming(engine: Engine, id: string, leaseOwner: string | undefined, writes: (state: { tail_chunks: number, tail_length: number }) => Statement[]): Promise<void> {
  return engine.write(function* (): Reading<Plan<void>> {
    const [state] = yield* ask(findState(id))
    if (leaseOwner !== undefined && (state?.status !== 'streaming' || state.lease_owner !== leaseOwner)) throw new LeaseLostError()
    return { writes: state?.status === 'streaming' ? writes(state) : [], result: undefined }
  })
}

function appendChunk(id: string, chunk: string | undefined, tailIsFull: boolean): Statement[] {
  if (chunk === undefined || chunk === '') return []
  return [addChunk(id, id, chunk), ...tailIsFull ? [foldChunks(id), dropChunks(id)] : []]
}

function json(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value)
}
