import { setTimeout as delay } from 'node:timers/promises'
import { createEventStream, defineEventHandler, getQuery } from 'h3'
import { viewers } from '../../../jobs/viewers'
import { requireOwnJob } from '../../../utils/job-route'

const POLL_MS = 80

/** What a job has said so far and what it says next, as it comes (contract §4.5). */
export default defineEventHandler(async (event) => {
  const { job, provider } = await requireOwnJob(event)
  const stream = createEventStream(event)
  let open = true
  const leave = viewers.join(job.id)
  stream.onClosed(async () => {
    open = false
    leave()
  })
  const follow = async () => {
    let sent = Number(getQuery(event).offset) || 0
    for (let next: typeof job | null = job; next && open; next = await provider.getJob(job.id, job.userId)) {
      if (next.content.length > sent) await stream.push({ event: 'delta', data: JSON.stringify({ content: next.content.slice(sent), length: next.content.length }) })
      sent = next.content.length
      if (next.status !== 'streaming') {
        await stream.push({ event: 'status', data: JSON.stringify({ status: next.status, error: next.error }) })
        break
      }
      await delay(POLL_MS)
    }
    await stream.close()
  }
  void follow().catch(() => stream.close())
  return stream.send()
})
