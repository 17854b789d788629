import { defineEventHandler, getQuery } from 'h3'
import { requireOwnJob } from '../../../utils/job-route'

export default defineEventHandler(async (event) => {
  const { job: { execution: _secret, content, ...job } } = await requireOwnJob(event)
  const { offset } = getQuery(event)
  if (offset === undefined) return { ...job, content }
  return { ...job, content_delta: content.slice(Number(offset) || 0), content_length: content.length }
})
