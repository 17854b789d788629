import { defineEventHandler } from 'h3'
import { requireOwnJob } from '../../../utils/job-route'

export default defineEventHandler(async (event) => {
  const { job, provider } = await requireOwnJob(event)
  const aborted = await provider.abortJob(job.id, job.userId)
  return aborted ? { aborted } : { aborted, message: 'The job has ended already' }
})
