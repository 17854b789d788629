import type { Reading } from '../engine/engine'
import { ask, prepared } from '../engine/engine'
import type { BackgroundJob, JobExecution, JobStatus } from '../host/jobs-contract'

/** A job as it is stored, without the end of its text. */
export interface JobRow {
  readonly id: string
  readonly user_id: string
  readonly thread_id: string
  readonly message_id: string
  readonly model: string
  readonly kind: string | null
  readonly status: JobStatus
  readonly content: string
  readonly chunks_received: number
  readonly started_at: number
  readonly last_activity_at: number
  readonly completed_at: number | null
  readonly error: string | null
  readonly tool_calls_json: string | null
  readonly workflow_state_json: string | null
  readonly lease_owner: string | null
  readonly lease_expires_at: number | null
  readonly attempts: number
}

const findRow = prepared<JobRow>(`
  SELECT id, user_id, thread_id, message_id, model, kind, status, content, chunks_received, started_at, last_activity_at,
    completed_at, error, tool_calls_json, workflow_state_json, lease_owner, lease_expires_at, attempts
  FROM background_jobs WHERE id = ?`)
const findChunks = prepared<{ content: string }>('SELECT content FROM background_job_chunks WHERE job_id = ? ORDER BY seq')

const findExecution = prepared<{ execution_json: string }>('SELECT execution_json FROM background_job_executions WHERE job_id = ?')

/** A job with its whole text and what its worker needs, secrets and all. */
export function* findJobForWorker(id: string): Reading<BackgroundJob | undefined> {
  const job = yield* findJob(id)
  if (!job) return undefined
  const [row] = yield* ask(findExecution(id))
  return row ? { ...job, execution: JSON.parse(row.execution_json) as JobExecution } : job
}

/** A job with its whole text. */
export function* findJob(id: string): Reading<BackgroundJob | undefined> {
  const [row] = yield* ask(findRow(id))
  if (!row) return undefined
  const chunks = yield* ask(findChunks(id))
  return toJob(row, row.content + chunks.map(chunk => chunk.content).join(''))
}

function toJob(row: JobRow, content: string): BackgroundJob {
  return {
    id: row.id,
    userId: row.user_id,
    threadId: row.thread_id,
    messageId: row.message_id,
    model: row.model,
    status: row.status,
    content,
    chunksReceived: row.chunks_received,
    startedAt: row.started_at,
    lastActivityAt: row.last_activity_at,
    attempts: row.attempts,
    ...row.completed_at === null ? {} : { completedAt: row.completed_at },
    ...row.error === null ? {} : { error: row.error },
    ...row.kind === null ? {} : { kind: row.kind },
    ...row.tool_calls_json === null ? {} : { tool_calls: JSON.parse(row.tool_calls_json) as unknown },
    ...row.workflow_state_json === null ? {} : { workflow_state: JSON.parse(row.workflow_state_json) as unknown },
    ...row.lease_owner === null ? {} : { leaseOwner: row.lease_owner },
    ...row.lease_expires_at === null ? {} : { leaseExpiresAt: row.lease_expires_at },
  }
}

/** What of a job is needed to know whether it may be written to. */
export interface JobState {
  readonly user_id: string
  readonly status: JobStatus
  readonly lease_owner: string | null
  readonly tail_chunks: number
  readonly tail_length: number
}

export const findState = prepared<JobState>(`
  SELECT j.user_id, j.status, j.lease_owner,
    (SELECT COUNT(*) FROM background_job_chunks AS c WHERE c.job_id = j.id) AS tail_chunks,
    (SELECT COALESCE(SUM(LENGTH(c.content)), 0) FROM background_job_chunks AS c WHERE c.job_id = j.id) AS tail_length
  FROM background_jobs AS j WHERE j.id = ?`)
