import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { defineNitroPlugin, useRuntimeConfig } from '#imports'
import { answerTo } from '../jobs/answer'
import { viewers } from '../jobs/viewers'
import type { BackgroundJob, BackgroundJobProvider } from '../utils/background-jobs/registry'
import { getBackgroundJobProviderById } from '../utils/background-jobs/registry'
import { every } from '../utils/every'
import { getNotificationEmitterById } from '../utils/notifications/registry'

const PAUSE_MS = 250
const LEASE_MS = 30_000
const WORD_MS = 40

/** Works off what was asked for, here or by a server that has ended since. */
export default defineNitroPlugin((nitroApp) => {
  const { auth, backgroundJobs } = useRuntimeConfig()
  const provider = auth.enabled && backgroundJobs.enabled ? getBackgroundJobProviderById(backgroundJobs.storageProvider) : null
  if (!provider?.claimNextJob) return
  const owner = randomUUID()
  let ending = false
  const stop = every('Background jobs', PAUSE_MS, async () => {
    await provider.cleanupExpired()
    for (let job = await provider.claimNextJob?.(owner, Date.now(), Date.now() + LEASE_MS); job; job = await provider.claimNextJob?.(owner, Date.now(), Date.now() + LEASE_MS)) {
      await work(provider, job, owner, () => !ending)
    }
  })
  nitroApp.hooks.hook('close', () => {
    ending = true
    return stop()
  })
})

async function work(provider: BackgroundJobProvider, job: BackgroundJob, owner: string, goOn: () => boolean): Promise<void> {
  const words = answerTo(job.execution?.body.prompt ?? '')
  try {
    // A server that ended in the middle left what it had said: the next one goes on from there.
    let length = 0
    for (const [index, word] of words.entries()) {
      length += word.length
      if (length <= job.content.length) continue
      if (!goOn() || await provider.checkJobAborted?.(job.id)) return
      await provider.updateJob(job.id, { contentChunk: word, chunksReceived: index + 1, leaseOwner: owner })
      await delay(WORD_MS)
    }
    await provider.completeJob(job.id, words.join(''), owner)
    if (viewers.count(job.id) === 0) await getNotificationEmitterById(provider.name)?.emitBackgroundJobComplete(job.execution?.workspaceId ?? '', job.userId, job.threadId, job.id, job.messageId)
  }
  catch (error) {
    // Another worker has it now, or it was aborted between two words.
    if (!(error instanceof Error && error.name === 'BackgroundJobLeaseLostError')) throw error
  }
}
