DROP TABLE background_job_chunks;
DROP TABLE background_job_executions;
DROP TABLE background_jobs;
DROP TABLE rate_limits;
