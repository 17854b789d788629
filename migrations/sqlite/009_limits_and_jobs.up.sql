-- Rate limits and background jobs. Times are milliseconds.

-- hits_json: when the requests within the window came, oldest first.
CREATE TABLE rate_limits (
  key TEXT NOT NULL PRIMARY KEY,
  hits_json TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX rate_limits_by_expiry ON rate_limits (expires_at);

CREATE TABLE background_jobs (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  model TEXT NOT NULL,
  kind TEXT,
  status TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'error', 'aborted')),
  -- What came so far but for the chunks below.
  content TEXT NOT NULL,
  chunks_received INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  last_activity_at INTEGER NOT NULL,
  completed_at INTEGER,
  error TEXT,
  tool_calls_json TEXT,
  workflow_state_json TEXT,
  idempotency_key TEXT,
  lease_owner TEXT,
  lease_expires_at INTEGER,
  attempts INTEGER NOT NULL
) STRICT;

-- One user's key says nothing about another's (trap J2).
CREATE UNIQUE INDEX background_jobs_by_key ON background_jobs (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX background_jobs_streaming ON background_jobs (started_at, id) WHERE status = 'streaming';
CREATE INDEX background_jobs_streaming_by_user ON background_jobs (user_id) WHERE status = 'streaming';
CREATE INDEX background_jobs_ended ON background_jobs (completed_at) WHERE status <> 'streaming';

-- What a worker needs of a job: the whole request and the user's encrypted key. Apart from the job, which
-- is read every 80 ms and written with every chunk, and removed when it ends (trap J5).
CREATE TABLE background_job_executions (
  job_id TEXT NOT NULL PRIMARY KEY REFERENCES background_jobs (id) ON DELETE CASCADE,
  execution_json TEXT NOT NULL
) STRICT;

-- The end of a growing text, so that a chunk does not rewrite what came before it (trap J3).
CREATE TABLE background_job_chunks (
  job_id TEXT NOT NULL REFERENCES background_jobs (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (job_id, seq)
) STRICT, WITHOUT ROWID;
