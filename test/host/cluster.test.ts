import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PullResponse, PushResult, SnapshotResponse } from '../../src/runtime/server/host/contract'
import { foldChanges } from '../support/ops'
import { TestClock } from '../support/provider'
import { messageOp } from '../support/rows'
import type { Answer, RunningServer } from '../support/server'
import { Client, startServer } from '../support/server'
import type { Backend } from '../torture/convergence/backend'
import { story } from '../torture/convergence/steps'
import { World } from '../torture/convergence/world'

const ADMIN = { 'x-or3-admin-intent': 'admin' }
const SEED = Number(process.env.OR3_TORTURE_SEED ?? 20_261_121)
const STORIES = 6

/** Four servers on one file, and people whose requests go to one after the other, as a balancer on loopback sends them. */
async function withCluster() {
  const first = await startServer()
  const servers = [first, ...await Promise.all([1, 2, 3].map(() => startServer({ path: first.path })))]
  let turn = 0
  const next = (): RunningServer => servers[turn++ % servers.length] ?? first
  const people = await Promise.all(['ada', 'grace', 'linus'].map(async (name) => {
    const cookie = `or3_demo_user=${name}`
    const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => new Client(next().url).send(method, path, body, { cookie, ...headers })
    const { body } = await send('GET', '/api/auth/session')
    return { name, send, userId: (body as { session: { user: { id: string } } }).session.user.id }
  }))
  const [ada, ...others] = people
  if (!ada) throw new Error('nobody')
  /** A new workspace in which all of them are. */
  const team = async (): Promise<string> => {
    const { id } = demandOk(await ada.send('POST', '/api/workspaces', { name: 'Team' })) as { id: string }
    demandOk(await ada.send('POST', '/api/workspaces/active', { id }))
    for (const other of others) {
      const { invite } = demandOk(await ada.send('POST', '/api/admin/workspace/invites/create', { email: `${other.name}@example.test`, role: 'editor' }, ADMIN)) as { invite: { token: string } }
      demandOk(await other.send('POST', '/api/demo/accept-invite', { token: invite.token }))
    }
    return id
  }
  return { servers, people, ada, team }
}

function demandOk({ status, body }: Answer): unknown {
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
  return body
}

type People = Awaited<ReturnType<typeof withCluster>>['people']

function httpBackend(people: People): Backend {
  const post = async (userId: string, path: string, body: object) => {
    const person = people.find(someone => someone.userId === userId)
    if (!person) throw new Error(`who is ${userId}?`)
    return person.send('POST', `/api/sync/${path}`, body)
  }
  return {
    snapshots: true,
    terse: true,
    push: async ({ userId, workspaceId }, ops) => demandOk(await post(userId, 'push', { scope: { workspaceId }, ops })) as PushResult,
    pull: async ({ userId, workspaceId }, cursor, limit) => demandOk(await post(userId, 'pull', { scope: { workspaceId }, cursor, limit })) as PullResponse,
    async snapshot({ userId, workspaceId }, pageSize, pageToken) {
      const answer = await post(userId, 'snapshot', { scope: { workspaceId }, pageSize, ...pageToken === undefined ? {} : { pageToken } })
      return answer.status === 410 ? undefined : demandOk(answer) as SnapshotResponse
    },
    updateCursor: async ({ userId, workspaceId }, deviceId, version) => void demandOk(await post(userId, 'update-cursor', { scope: { workspaceId }, deviceId, version })),
    async collect(workspaceId, retentionSeconds) {
      for (const path of ['gc-change-log', 'gc-tombstones']) demandOk(await post(people[0]?.userId ?? '', path, { scope: { workspaceId }, retentionSeconds }))
    },
  }
}

describe('four servers on one file', () => {
  it('keep every promise of one: devices converge, whichever server they ask', async () => {
    const { people, team } = await withCluster()
    const backend = httpBackend(people)
    const stories = fc.sample(story.filter(({ steps }) => steps.length > 20), { numRuns: STORIES, seed: SEED })
    for (const [index, { steps }] of stories.entries()) {
      const workspaceIds = [await team()]
      // The servers' clocks are real ones: nobody can make them wait.
      await new World({ backend, clock: new TestClock(Date.now()), name: `c${index}`, workspaceIds, userIds: people.map(({ userId }) => userId) }).play(steps.filter(({ kind }) => kind !== 'wait'))
    }
  })

  it('take what many write at once: no error, no version lost, the same rows everywhere', async () => {
    const { servers, people, team } = await withCluster()
    const workspaceId = await team()
    const scope = { workspaceId }
    const statuses = new Set<number>()
    const versions: (number | undefined)[] = []
    await Promise.all(people.flatMap(person => [0, 1, 2].map(async (device) => {
      for (let turn = 0; turn < 25; turn++) {
        const ops = Array.from({ length: 10 }, (_, index) => messageOp({ pk: `k${(turn * 7 + index * 3 + device) % 40}`, clock: turn, deviceId: `${person.name}-${device}` }))
        const { status, body } = await person.send('POST', '/api/sync/push', { scope, ops })
        statuses.add(status)
        versions.push(...(body as PushResult).results.map(result => result.serverVersion))
      }
    })))
    expect([...statuses]).toEqual([200])
    expect(versions.map(Number).sort((left, right) => left - right)).toEqual(Array.from({ length: 3 * 3 * 25 * 10 }, (_, index) => index + 1))

    const seen = await Promise.all(servers.map(async ({ url }) => {
      const client = new Client(url)
      const changes: PullResponse['changes'] = []
      for (let cursor = 0; ;) {
        const page = demandOk(await client.send('POST', '/api/sync/pull', { scope, cursor, limit: 300 }, { cookie: 'or3_demo_user=ada' })) as PullResponse
        changes.push(...page.changes)
        cursor = page.nextCursor
        if (!page.hasMore) return foldChanges(changes)
      }
    }))
    expect(seen[0]?.size).toBe(40)
    for (const rows of seen) expect(rows).toEqual(seen[0])
  })
})
