import { describe, expect, it } from 'vitest'
import { eventOf, op, pushAs } from '../support/ops'
import { openTestProvider } from '../support/provider'
import { select } from '../support/sql'

const WORKSPACE = 'ws-1'
const ada = eventOf('ada', WORKSPACE)
const scope = { workspaceId: WORKSPACE }

describe('updateCursor', () => {
  it('remembers a device per user, never goes back and never ahead (S18)', async () => {
    const { syncGateway, engine } = await openTestProvider()
    await pushAs(syncGateway, ada, WORKSPACE, op(), op({ pk: 'm2' }), op({ pk: 'm3' }))
    for (const version of [1, 2, 1]) await syncGateway.updateCursor(ada, { scope, deviceId: ' shared ', version })
    await syncGateway.updateCursor(eventOf('grace', WORKSPACE), { scope, deviceId: 'shared', version: 99 })
    expect(await select(engine, 'SELECT user_id, device_id, last_seen_version FROM device_cursors ORDER BY user_id')).toEqual([
      { user_id: 'ada', device_id: 'shared', last_seen_version: 2 },
      { user_id: 'grace', device_id: 'shared', last_seen_version: 3 },
    ])
  })

  it('takes a cursor of a workspace without a push', async () => {
    const { syncGateway, engine } = await openTestProvider()
    await syncGateway.updateCursor(ada, { scope, deviceId: 'd', version: 5 })
    expect(await select(engine, 'SELECT last_seen_version FROM device_cursors')).toEqual([{ last_seen_version: 0 }])
  })

  it.each<[string, object, unknown, number, string]>([
    ['a blank device', ada, { scope, deviceId: '', version: 1 }, 400, 'Invalid device cursor'],
    ['a negative version', ada, { scope, deviceId: 'd', version: -1 }, 400, 'Invalid device cursor'],
    ['no session', {}, { scope, deviceId: 'd', version: 1 }, 401, 'Unauthorized'],
    ['another workspace', ada, { scope: { workspaceId: 'ws-2' }, deviceId: 'd', version: 1 }, 403, 'Forbidden'],
  ])('refuses %s', async (_what, event, request, statusCode, statusMessage) => {
    const { syncGateway } = await openTestProvider()
    await expect(syncGateway.updateCursor(event, request as { scope: typeof scope, deviceId: string, version: number })).rejects.toMatchObject({ statusCode, statusMessage })
  })
})
