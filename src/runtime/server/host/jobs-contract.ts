/** The host's rate limits, background jobs and notifications (contract §2.5, §2.6, §2.9). Times are milliseconds. */

export interface RateLimitConfig {
  windowMs: number
  maxRequests: number
}

export interface RateLimitProvider {
  name: string
  checkAndRecord(key: string, config: RateLimitConfig): Promise<{ allowed: boolean, remaining: number, retryAfterMs?: number }>
  getStats(key: string, config: RateLimitConfig): Promise<{ limit: number, remaining: number, resetMs: number } | null>
}

export type JobStatus = 'streaming' | 'complete' | 'error' | 'aborted'

/** Server secrets: never shown to anybody. */
export type JobExecution = Record<string, unknown>

export interface BackgroundJob {
  id: string
  userId: string
  threadId: string
  messageId: string
  model: string
  status: JobStatus
  content: string
  chunksReceived: number
  startedAt: number
  lastActivityAt: number
  completedAt?: number
  error?: string
  kind?: string
  tool_calls?: unknown
  workflow_state?: unknown
  execution?: JobExecution
  leaseOwner?: string
  leaseExpiresAt?: number
  attempts: number
}

export interface CreateJobParams {
  userId: string
  threadId: string
  messageId: string
  model: string
  kind?: string
  tool_calls?: unknown
  workflow_state?: unknown
  idempotencyKey?: string
  execution?: JobExecution
}

export interface JobUpdate {
  contentChunk?: string
  chunksReceived?: number
  tool_calls?: unknown
  workflow_state?: unknown
  leaseOwner?: string
}

export interface JobConfig {
  maxConcurrentJobs: number
  maxConcurrentJobsPerUser: number
  jobTimeoutMs: number
  completedJobRetentionMs: number
}

export interface BackgroundJobProvider {
  name: string
  createJob(params: CreateJobParams): Promise<string>
  /** `'*'` as user: whoever owns it. */
  getJob(id: string, userId: string): Promise<BackgroundJob | null>
  updateJob(id: string, update: JobUpdate): Promise<void>
  completeJob(id: string, finalContent: string, leaseOwner?: string): Promise<void>
  failJob(id: string, error: string, leaseOwner?: string): Promise<void>
  abortJob(id: string, userId: string): Promise<boolean>
  getAbortController(id: string): undefined
  checkJobAborted(id: string): Promise<boolean>
  cleanupExpired(): Promise<number>
  getActiveJobCount(): Promise<number>
  claimJob(id: string, owner: string, now: number, leaseExpiresAt: number): Promise<BackgroundJob | null>
  claimNextJob(owner: string, now: number, leaseExpiresAt: number): Promise<BackgroundJob | null>
  renewJobLease(id: string, owner: string, now: number, leaseExpiresAt: number): Promise<boolean>
  updateJobExecution(id: string, execution: JobExecution, owner: string): Promise<boolean>
}

export interface NotificationEmitter {
  emitBackgroundJobComplete(workspaceId: string, userId: string, threadId: string, jobId: string, messageId?: string): Promise<string | null>
  emitBackgroundJobError(workspaceId: string, userId: string, threadId: string, jobId: string, error: string): Promise<string | null>
  emitWebhookDeliveryFailed(failure: { webhookId: string, workspaceId: string, userId: string, eventType: string, attempt: number, error: string }): Promise<string | null>
}
