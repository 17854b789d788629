import { describe, expect, it, vi } from 'vitest'
import { eventOf, op, pushAs } from '../support/ops'
import { openTestProvider } from '../support/provider'
import { messageOp, threadOp } from '../support/rows'

const WORKSPACE = 'ws-1'
const ada = eventOf('ada', WORKSPACE)

type Emit = (name: string, payload: Record<string, unknown>) => unknown

async function withHooks(emit: Emit) {
  const provider = await openTestProvider({ host: { snapshots: true, emitHook: emit } })
  return provider
}

describe('webhook hooks', () => {
  it('tell what took effect, by the contract\'s names', async () => {
    const seen: [string, Record<string, unknown>][] = []
    const { syncGateway, clock, close } = await withHooks((name, payload) => void seen.push([name, payload]))
    const post = (clock: number, operation: 'put' | 'delete' = 'put') => op({ table: 'posts', pk: 'p1', clock, operation })
    await pushAs(syncGateway, ada, WORKSPACE, threadOp(), messageOp(), post(1), op({ table: 'projects', pk: 'x' }), op({ table: 'kv', pk: 'k' }), op({ table: 'file_meta', pk: 'h' }), op({ table: 'notifications', pk: 'n1' }))
    await pushAs(syncGateway, ada, WORKSPACE, threadOp({ clock: 2 }), messageOp({ clock: 2 }), post(2), op({ table: 'notifications', pk: 'n1', clock: 2 }))
    await pushAs(syncGateway, ada, WORKSPACE, threadOp({ clock: 3, operation: 'delete' }), messageOp({ clock: 3, operation: 'delete' }), post(3, 'delete'), op({ table: 'notifications', pk: 'n1', clock: 3, operation: 'delete' }))
    await close()
    expect(seen.map(([name]) => name)).toEqual([
      'db.threads.create:action:after', 'db.messages.create:action:after', 'db.documents.create:action:after', 'notify:action:push',
      'db.threads.update:action:after', 'db.messages.update:action:after', 'db.documents.update:action:after', 'notify:action:push',
      'db.threads.delete:action:soft:after', 'db.messages.delete:action:soft:after', 'db.documents.delete:action:soft:after',
    ])
    expect(seen[0]?.[1]).toEqual({ ...threadOp().payload as object, workspace_id: WORKSPACE, user_id: 'ada', updated_at: 1 })
    expect(seen[8]?.[1]).toMatchObject({ id: 't1', deleted: true, workspace_id: WORKSPACE, user_id: 'ada', updated_at: Math.floor(clock.now() / 1000) })
  })

  it('say nothing of losers, retries, refused ops and writes overtaken in their own batch', async () => {
    const seen: unknown[] = []
    const { syncGateway, close } = await withHooks((name, payload) => void seen.push([name, payload.id]))
    const first = threadOp({ clock: 5 })
    await pushAs(syncGateway, ada, WORKSPACE, first)
    await pushAs(syncGateway, ada, WORKSPACE, first, threadOp({ clock: 4 }), op({ table: 'nonsense' }))
    await pushAs(syncGateway, ada, WORKSPACE, threadOp({ pk: 't2', clock: 1 }), threadOp({ pk: 't2', clock: 2 }))
    await pushAs(syncGateway, ada, WORKSPACE, threadOp({ pk: 't2', clock: 3, operation: 'delete' }))
    await pushAs(syncGateway, ada, WORKSPACE, threadOp({ pk: 't2', clock: 4 }))
    await close()
    expect(seen).toEqual([
      ['db.threads.create:action:after', 't1'], ['db.threads.create:action:after', 't2'],
      ['db.threads.delete:action:soft:after', 't2'], ['db.threads.create:action:after', 't2'],
    ])
  })

  it('hold no push up and spoil none, however slow or faulty (S24)', async () => {
    let release = () => {}
    const gate = new Promise<void>(resolve => release = resolve)
    const emit = vi.fn<Emit>(name => name.includes('messages') ? gate : Promise.reject(new Error('secret inside')))
    const { syncGateway, log, close } = await withHooks(emit)
    const { results } = await pushAs(syncGateway, ada, WORKSPACE, messageOp(), threadOp())
    expect(results.every(({ success }) => success)).toBe(true)
    expect(emit, 'not before the answer').not.toHaveBeenCalled()
    // The second is begun while the first still takes its time.
    await vi.waitFor(() => expect(emit).toHaveBeenCalledTimes(2))
    release()
    await close()
    expect(log.lines).toContain('warn The host did not take the hook db.threads.create.')
    expect(log.lines.join()).not.toContain('secret')
  })

  it('tell the host who routes them only what the push said', async () => {
    const seen: Record<string, unknown>[] = []
    const { syncGateway, close } = await withHooks((_name, payload) => void seen.push(payload))
    await pushAs(syncGateway, {}, WORKSPACE, messageOp())
    await close()
    expect(seen[0]).toMatchObject({ workspace_id: WORKSPACE })
    expect(seen[0]).not.toHaveProperty('user_id')
  })
})
