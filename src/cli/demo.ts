import { randomUUID } from 'node:crypto'
import type { Clock } from '../runtime/server/clock'
import type { Config } from '../runtime/server/config'
import type { Engine } from '../runtime/server/engine/engine'
import type { PendingOp } from '../runtime/server/host/contract'
import { eventFor } from '../runtime/server/host/session'
import { createSyncGateway } from '../runtime/server/sync/gateway'
import { createWorkspaceStore } from '../runtime/server/workspaces/store'

const TALK = [
  ['user', 'What should I pack for three days in the mountains?'], ['assistant', 'Layers, a rain jacket, a hat, water for half a day, and one thing you do not need.'],
  ['user', 'Why the last one?'], ['assistant', 'So that there is something to leave out when the bag is too heavy.'],
] as const

/** A user with a workspace and conversations in it, pushed as a device would. */
export async function seedDemo(
  { engine, clock, config }: { engine: Engine, clock: Clock, config: Config },
  { threads, provider, providerUserId }: { threads: number, provider: string, providerUserId: string },
): Promise<{ userId: string, workspaceId: string, threads: number, messages: number }> {
  const store = createWorkspaceStore({ engine, clock, signIn: config })
  const gateway = createSyncGateway({ engine, clock, bounds: config, snapshots: false, onPush: () => {}, onOmitted: () => {} })
  const { userId } = await store.getOrCreateUser({ provider, providerUserId })
  const { workspaceId } = await store.getOrCreateDefaultWorkspace(userId)
  const now = clock.now()
  const times = { created_at: Math.floor(now / 1000), updated_at: Math.floor(now / 1000), clock: 1, deleted: false }
  const op = (tableName: string, payload: { id: string }, count: number): PendingOp => ({
    id: randomUUID(), tableName, operation: 'put', pk: payload.id, payload, createdAt: now, attempts: 0, status: 'pending',
    stamp: { deviceId: 'seed', opId: randomUUID(), clock: 1, hlc: `${now.toString(36).padStart(9, '0')}:${(count % 46_656).toString(36).padStart(3, '0')}:seed` },
  })
  let messages = 0
  for (let thread = 1; thread <= threads; thread++) {
    const id = randomUUID()
    const ops = [
      op('threads', { id, ...{ title: `Conversation ${thread}`, status: 'ready', pinned: false, forked: false, last_message_at: times.created_at, ...times } }, 0),
      ...TALK.map(([role, content], index) => op('messages', { id: randomUUID(), ...{ thread_id: id, role, index, order_key: `a${index}`, data: { content }, ...times } }, index + 1)),
    ]
    const { results } = await gateway.push(eventFor(userId, workspaceId), { scope: { workspaceId }, ops })
    const refused = results.find(result => !result.success)
    if (refused) throw new Error(refused.error)
    messages += TALK.length
  }
  return { userId, workspaceId, threads, messages }
}
