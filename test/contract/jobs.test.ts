import { describe, expect, it } from 'vitest'
import type { CreateJobParams, JobConfig } from '../../src/runtime/server/host/jobs-contract'
import { openTestProvider } from '../support/provider'
import { count, select } from '../support/sql'

const LOST = { name: 'BackgroundJobLeaseLostError', message: 'Background job lease was superseded' }

async function withJobs(config?: Partial<JobConfig>) {
  const provider = await openTestProvider({ host: { snapshots: true, getJobConfig: () => config } })
  const create = (extra: Partial<CreateJobParams> = {}) => provider.jobs.createJob({ userId: 'ada', threadId: 't1', messageId: 'm1', model: 'gpt', ...extra })
  return { ...provider, create }
}

const execution = { version: 1, body: {}, workspaceId: 'ws', referer: '', apiKeyCiphertext: 'secret-cipher' }

describe('background jobs', () => {
  it('stream, and are seen by their owner and the host itself', async () => {
    const { jobs, create, clock } = await withJobs()
    const started = clock.now()
    const id = await create({ kind: 'workflow', tool_calls: [{ name: 'search', status: 'loading' }], workflow_state: { step: 1 } })
    expect(await jobs.getJob(id, 'ada')).toEqual({
      id, userId: 'ada', threadId: 't1', messageId: 'm1', model: 'gpt', status: 'streaming', content: '', chunksReceived: 0, startedAt: started, lastActivityAt: started,
      attempts: 0, kind: 'workflow', tool_calls: [{ name: 'search', status: 'loading' }], workflow_state: { step: 1 },
    })
    expect(await jobs.getJob(id, 'bob')).toBeNull()
    expect(await jobs.getJob('nope', '*')).toBeNull()
    clock.advance(10)
    await jobs.updateJob(id, { contentChunk: 'Hel', chunksReceived: 1 })
    await jobs.updateJob(id, { contentChunk: 'lo', chunksReceived: 2, tool_calls: [], workflow_state: { step: 2 } })
    expect(await jobs.getJob(id, '*')).toMatchObject({ content: 'Hello', chunksReceived: 2, tool_calls: [], workflow_state: { step: 2 }, lastActivityAt: started + 10 })
    expect(await jobs.getActiveJobCount()).toBe(1)
    await jobs.completeJob(id, 'Hello there')
    expect(await jobs.getJob(id, 'ada')).toMatchObject({ status: 'complete', content: 'Hello there', completedAt: started + 10 })
    await jobs.updateJob(id, { contentChunk: '!' })
    await jobs.failJob(id, 'late')
    expect(await jobs.abortJob(id, 'ada')).toBe(false)
    expect(await jobs.getJob(id, 'ada')).toMatchObject({ status: 'complete', content: 'Hello there' })
    expect(await jobs.getActiveJobCount()).toBe(0)
    expect(jobs.name).toBe('sqlite')
    expect(jobs.getAbortController(id)).toBeUndefined()
  })

  it('grow by short chunks without rewriting what came before (J3)', async () => {
    const { jobs, create, engine } = await withJobs()
    const id = await create()
    let text = ''
    for (let index = 0; index < 1000; index++) {
      const chunk = `word${index} é😀 `
      text += chunk
      await jobs.updateJob(id, { contentChunk: chunk, chunksReceived: index + 1 })
    }
    expect((await jobs.getJob(id, 'ada'))?.content).toBe(text)
    const tail = await count(engine, 'background_job_chunks')
    expect(tail).toBeGreaterThan(0)
    expect(tail).toBeLessThanOrEqual(65)
    const [row] = await select<{ length: number }>(engine, 'SELECT LENGTH(content) AS length FROM background_jobs')
    await jobs.updateJob(id, { contentChunk: 'x' })
    expect(await select(engine, 'SELECT LENGTH(content) AS length FROM background_jobs'), 'the long text is not touched by one more chunk').toEqual([row])
    text += 'x'
    await jobs.failJob(id, 'broke')
    expect(await jobs.getJob(id, 'ada')).toMatchObject({ status: 'error', error: 'broke', content: text })
    expect(await count(engine, 'background_job_chunks')).toBe(0)
  })

  it('show what a worker needs to the host itself only', async () => {
    const { jobs, create, clock } = await withJobs({ jobTimeoutMs: 1000 })
    const id = await create({ execution })
    expect(await jobs.getJob(id, 'ada')).not.toHaveProperty('execution')
    expect(await jobs.getJob(id, '*')).toMatchObject({ execution })
    clock.advance(1000)
    await jobs.cleanupExpired()
    expect(await jobs.getJob(id, '*')).not.toHaveProperty('execution')
  })

  it('are aborted by their owner, which the running stream sees', async () => {
    const { jobs, create } = await withJobs()
    const id = await create()
    await jobs.updateJob(id, { contentChunk: 'part' })
    expect([await jobs.abortJob(id, 'bob'), await jobs.checkJobAborted(id)]).toEqual([false, false])
    expect([await jobs.abortJob(id, 'ada'), await jobs.checkJobAborted(id)]).toEqual([true, true])
    expect(await jobs.getJob(id, 'ada')).toMatchObject({ status: 'aborted', content: 'part' })
    expect(await jobs.checkJobAborted('nope')).toBe(false)
  })

  it('are capped in all and per user, however many begin at once (F16)', async () => {
    const { create } = await withJobs({ maxConcurrentJobs: 7, maxConcurrentJobsPerUser: 3 })
    const begin = (userId: string) => Promise.allSettled(Array.from({ length: 6 }, () => create({ userId })))
    const outcomes = await Promise.all(['ada', 'bob', 'eve'].map(begin))
    expect(outcomes.map(list => list.filter(({ status }) => status === 'fulfilled').length)).toEqual([3, 3, 1])
    await expect(create()).rejects.toThrow('Maximum concurrent background jobs reached')
  })

  it('have the host\'s defaults where it names none', async () => {
    const { create, jobs } = await withJobs({ maxConcurrentJobsPerUser: Number.NaN })
    const ids = await Promise.all(Array.from({ length: 5 }, () => create()))
    await expect(create()).rejects.toThrow('Maximum concurrent')
    await jobs.completeJob(ids[0] ?? '', '')
    await create()
  })

  it('with one user\'s key are one job, with two users\' two (J2)', async () => {
    const { create } = await withJobs({ maxConcurrentJobsPerUser: 1 })
    const ids = await Promise.all([1, 2, 3].map(() => create({ idempotencyKey: 'k' })))
    expect(new Set(ids).size).toBe(1)
    expect(await create({ userId: 'bob', idempotencyKey: 'k' })).not.toBe(ids[0])
  })

  it('end when nobody works on them, not while somebody has a lease (J4), and are forgotten', async () => {
    const { jobs, create, clock, engine } = await withJobs({ jobTimeoutMs: 1000, completedJobRetentionMs: 5000 })
    const silent = await create()
    await jobs.updateJob(silent, { contentChunk: 'so far' })
    const leased = await create({ execution })
    await jobs.claimJob(leased, 'w1', clock.now(), clock.now() + 3000)
    clock.advance(999)
    expect(await jobs.cleanupExpired()).toBe(0)
    clock.advance(1)
    expect(await jobs.cleanupExpired()).toBe(1)
    expect(await jobs.getJob(silent, '*')).toMatchObject({ status: 'error', error: 'Job timed out', content: 'so far' })
    clock.advance(2000)
    expect(await jobs.cleanupExpired()).toBe(1)
    expect(await jobs.getJob(leased, '*')).toMatchObject({ status: 'error' })
    clock.advance(3000)
    expect(await jobs.cleanupExpired()).toBe(1)
    expect(await count(engine, 'background_jobs')).toBe(1)
  })
})

describe('leases', () => {
  it('give a job to one worker at a time, oldest first', async () => {
    const { jobs, create, clock } = await withJobs()
    await create()
    clock.advance(1)
    const first = await create({ execution })
    clock.advance(1)
    const second = await create({ execution })
    const now = clock.now()
    const claims = await Promise.all(['a', 'b', 'c'].map(worker => jobs.claimNextJob(worker, now, now + 100)))
    expect(claims.map(job => job?.id)).toEqual([first, second, undefined])
    expect(claims[0]).toMatchObject({ leaseOwner: 'a', leaseExpiresAt: now + 100, attempts: 1, execution })
    expect(await jobs.claimJob(first, 'b', now + 99, now + 200)).toBeNull()
    expect(await jobs.claimJob(first, 'b', now + 100, now + 200)).toMatchObject({ leaseOwner: 'b', attempts: 2 })
    expect(await jobs.claimJob('nope', 'b', now, now + 1)).toBeNull()
  })

  it('are renewed and used by their holder only', async () => {
    const { jobs, create, clock } = await withJobs()
    const id = await create({ execution })
    const now = clock.now()
    await jobs.claimJob(id, 'a', now, now + 100)
    expect(await jobs.renewJobLease(id, 'a', now + 50, now + 150)).toBe(true)
    expect(await jobs.renewJobLease(id, 'b', now + 50, now + 150)).toBe(false)
    expect(await jobs.updateJobExecution(id, { ...execution, contentBase: 'x' }, 'b')).toBe(false)
    expect(await jobs.updateJobExecution(id, { ...execution, contentBase: 'x' }, 'a')).toBe(true)
    await jobs.updateJob(id, { contentChunk: 'mine', leaseOwner: 'a' })
    await jobs.claimJob(id, 'b', now + 150, now + 250)
    await expect(jobs.updateJob(id, { contentChunk: 'stale', leaseOwner: 'a' })).rejects.toMatchObject(LOST)
    await expect(jobs.completeJob(id, 'stale', 'a')).rejects.toMatchObject(LOST)
    await expect(jobs.failJob(id, 'stale', 'a')).rejects.toMatchObject(LOST)
    expect(await jobs.getJob(id, 'ada')).toMatchObject({ status: 'streaming', content: 'mine', lastActivityAt: now + 150 })
    expect(await jobs.getJob(id, '*')).toMatchObject({ execution: { contentBase: 'x' } })
    await jobs.completeJob(id, 'done', 'b')
    await expect(jobs.updateJob(id, { contentChunk: 'x', leaseOwner: 'b' })).rejects.toMatchObject(LOST)
    expect(await jobs.renewJobLease(id, 'b', now + 160, now + 300)).toBe(false)
  })

  it.each(['complete', 'error', 'aborted'] as const)('leave no secret behind when a job ends (%s, J5)', async (status) => {
    const { jobs, create, clock, engine } = await withJobs()
    const id = await create({ execution })
    await jobs.claimJob(id, 'a', clock.now(), clock.now() + 100)
    if (status === 'complete') await jobs.completeJob(id, 'x', 'a')
    else if (status === 'error') await jobs.failJob(id, 'x', 'a')
    else await jobs.abortJob(id, 'ada')
    if (status === 'error') expect(await jobs.getJob(await create({ execution }), '*')).toHaveProperty('execution')
    const job = await jobs.getJob(id, '*')
    expect(job).toMatchObject({ status })
    expect(job).not.toHaveProperty('execution')
    expect(job).not.toHaveProperty('leaseOwner')
    expect(await count(engine, 'background_job_executions', `job_id = '${id}'`)).toBe(0)
    expect(await jobs.claimJob(id, 'b', clock.now() + 1e6, clock.now() + 2e6)).toBeNull()
  })
})
