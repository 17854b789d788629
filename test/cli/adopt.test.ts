import { existsSync } from 'node:fs'
import { copyFile, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { cli, cliJson } from '../support/cli'
import { writeOldDatabase } from '../support/old-provider'
import { eventOf, pullAll } from '../support/ops'
import { openTestProvider, temporaryFolder } from '../support/provider'
import { messageOp } from '../support/rows'
import { bootstrap, stateOf } from '../support/snapshots'

it('adopt takes over people, workspaces, rows, deletes and history, and leaves the old file alone', async () => {
  const folder = await temporaryFolder()
  const old = join(folder, 'old.sqlite')
  const path = join(folder, 'new.sqlite')
  const { messages, version } = writeOldDatabase(old)
  const before = [await readFile(old), (await stat(old)).mtimeMs]
  const report = await cliJson<{ taken: object, left: string[], differences: string[], faults: object[] }>('adopt', old, '--db', path)
  expect(report).toMatchObject({
    differences: [], faults: [],
    taken: { 'users': 2, 'accounts': 2, 'workspaces': 2, 'active workspaces': 2, 'invites': 1, 'admins': 1, 'settings': 1, 'webhooks': 1, 'device cursors': 1 },
  })
  expect(report.left.join()).toContain('sync_snapshots')
  expect([await readFile(old), (await stat(old)).mtimeMs]).toEqual(before)
  expect(existsSync(`${path}.adopting`)).toBe(false)
  expect((await cli('verify', '--db', path)).code).toBe(0)

  const { syncGateway, workspaceStore, adminStores, webhookStore } = await openTestProvider({ path, host: { snapshots: true } })
  const ada = await workspaceStore.getUser({ provider: 'basic-auth', providerUserId: 'p-u-ada' })
  expect(ada).toMatchObject({ userId: 'u-ada', email: 'ada@example.test' })
  expect(await workspaceStore.listUserWorkspaces('u-ada')).toMatchObject([{ id: 'w-team', name: 'Team', role: 'owner', isActive: true }])
  expect(await adminStores.createWorkspaceAccessStore().listWorkspaces({ includeDeleted: true, page: 1, perPage: 10 })).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ id: 'w-gone', deleted: true })]) as unknown })
  expect(await webhookStore.listWebhooksByCustomHook('my:hook')).toMatchObject([{ id: 'wh1', events: ['message.created'] }])
  expect(await workspaceStore.listInvites({ workspaceId: 'w-team' })).toMatchObject([{ email: 'eve@example.test', status: 'pending' }])

  const event = eventOf('u-ada', 'w-team')
  const { items } = await bootstrap(syncGateway, event, 'w-team', { tables: ['messages'] })
  expect(stateOf(items)).toEqual({ 'messages/m1': { content: 'second' }, 'messages/m2': null, 'messages/m3': { content: 'collected' }, 'messages/m4': { content: 'from before stamps' }, 'messages/m5': null })
  expect(items.filter(({ kind }) => kind === 'row').map(({ pk }) => pk)).toEqual(messages)
  const bobs = await pullAll(syncGateway, eventOf('u-bob', 'w-team'), 'w-team')
  expect(bobs.changes.filter(({ tableName }) => tableName === 'notifications').map(({ pk, op }) => [pk, op]), 'his deletes are his too').toEqual([['n1', 'put'], ['n2', 'delete']])
  const { changes } = await pullAll(syncGateway, event, 'w-team')
  expect(changes.slice(0, 6).map(({ serverVersion, pk, op }) => [serverVersion, pk, op]), 'with the versions that devices know').toEqual([[1, 't1', 'put'], [2, 'm1', 'put'], [3, 'm1', 'put'], [4, 'm1', 'put'], [5, 'm2', 'put'], [6, 'm2', 'delete']])
  expect(changes.map(({ pk }) => pk), 'Bob\'s notification is his').not.toContain('n1')
  expect(changes.filter(({ serverVersion }) => serverVersion > version).map(({ pk }) => pk).sort(), 'what the old log had lost reaches every device').toEqual(['m3', 'm4', 'm5'])
  for (const { stamp } of changes) expect(stamp.opId, 'the host passes on no other').toMatch(/^[0-9a-f-]{36}$/)
  const { serverVersion } = await syncGateway.push(event, { scope: { workspaceId: 'w-team' }, ops: [messageOp({ pk: 'new' })] })
  expect(serverVersion).toBeGreaterThan(1_000_000)
})

it('adopt reads what is still in the WAL of a server that was killed', async () => {
  const folder = await temporaryFolder()
  const old = join(folder, 'old.sqlite')
  writeOldDatabase(old)
  const running = new Database(old)
  running.exec('INSERT INTO users VALUES (\'u-new\', NULL, NULL, NULL, 1780000000)')
  for (const part of ['', '-wal']) await copyFile(old + part, join(folder, `killed.sqlite${part}`))
  running.close()
  expect(await cliJson('adopt', join(folder, 'killed.sqlite'), '--db', join(folder, 'new.sqlite'))).toMatchObject({ taken: { users: 3 } })
})

it('adopt refuses what is no database of the earlier provider, and leaves nothing behind', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'new.sqlite')
  const ours = join(folder, 'ours.sqlite')
  await cliJson('seed', '--db', ours)
  const { code, err } = await cli('adopt', ours, '--db', path)
  expect([code, err]).toEqual([1, expect.stringContaining('not one of the earlier SQLite provider')])
  expect(existsSync(path)).toBe(false)
  expect((await cli('adopt', join(folder, 'none'), '--db', path)).code).toBe(3)
})
