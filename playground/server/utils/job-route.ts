import type { H3Event } from 'h3'
import { createError, getRouterParam } from 'h3'
import { useRuntimeConfig } from '#imports'
import { requireSession } from '../auth/session'
import type { BackgroundJob, BackgroundJobProvider } from './background-jobs/registry'
import { getBackgroundJobProviderById } from './background-jobs/registry'
import { requireCloud } from './request'

export function requireJobProvider(): BackgroundJobProvider {
  const provider = getBackgroundJobProviderById(useRuntimeConfig().backgroundJobs.storageProvider)
  if (!provider) throw createError({ statusCode: 503, statusMessage: 'Background jobs are not available' })
  return provider
}

/** The job a route names, if it is the user's. Throws 401 and 404 (contract §4.5). */
export async function requireOwnJob(event: H3Event): Promise<{ job: BackgroundJob, provider: BackgroundJobProvider }> {
  requireCloud({ sync: false })
  const session = await requireSession(event)
  const provider = requireJobProvider()
  const job = await provider.getJob(getRouterParam(event, 'id') ?? '', session.user.id)
  if (!job) throw createError({ statusCode: 404, statusMessage: 'Job not found or unauthorized' })
  return { job, provider }
}
