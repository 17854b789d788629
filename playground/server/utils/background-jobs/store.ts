/** The host's limits (contract §2.6). */
export function getJobConfig() {
  return { maxConcurrentJobs: 20, maxConcurrentJobsPerUser: 5, jobTimeoutMs: 300_000, completedJobRetentionMs: 300_000 }
}
