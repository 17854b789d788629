import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { cli, cliJson } from '../support/cli'
import { eventOf, op, pullAll } from '../support/ops'
import { openTestProvider, temporaryFolder, TestClock } from '../support/provider'
import { messageOp, threadOp } from '../support/rows'
import { bootstrap } from '../support/snapshots'
import { select } from '../support/sql'

const SECRET = 'The treasure is under the old oak'

/** A workspace of two with history, of which some was collected, rows and deletes included. */
async function withHistory() {
  const path = join(await temporaryFolder(), 'x.sqlite')
  const clock = new TestClock(Date.UTC(2026, 7, 1))
  const provider = await openTestProvider({ path, clock, host: { snapshots: true } })
  const user = async (name: string) => (await provider.workspaceStore.getOrCreateUser({ provider: 'p', providerUserId: name, email: `${name}@example.test`, displayName: name })).userId
  const [ada, bob] = [await user('ada'), await user('bob')]
  const { workspaceId } = await provider.workspaceStore.createWorkspace({ userId: ada, name: 'Team' })
  await provider.adminStores.createWorkspaceAccessStore().upsertMember({ workspaceId, emailOrProviderId: bob, role: 'editor' })
  const push = (userId: string, ...ops: ReturnType<typeof op>[]) => provider.syncGateway.push(eventOf(userId, workspaceId), { scope: { workspaceId }, ops })
  const late = messageOp({ pk: 'm1', clock: 2, text: SECRET })
  await push(ada, messageOp({ pk: 'm1' }), late, threadOp({ title: SECRET }), messageOp({ pk: 'gone' }), messageOp({ pk: 'astral😀\uFFFD', hlc: 'h😀' }))
  await push(ada, messageOp({ pk: 'gone', operation: 'delete', clock: 4 }), op({ table: 'notifications', pk: 'n1', payload: { id: 'n1', type: 't', title: 'hers', deleted: false, created_at: 1, updated_at: 1, clock: 1 } }))
  await push(bob, op({ table: 'notifications', pk: 'n2', payload: { id: 'n2', type: 't', title: 'his', deleted: false, created_at: 1, updated_at: 1, clock: 1 } }))
  clock.advance(5 * 86_400_000)
  await provider.syncGateway.gcChangeLog({}, { scope: { workspaceId }, retentionSeconds: 3600 })
  await push(ada, messageOp({ pk: 'm2', payload: { ...messageOp({ pk: 'm2' }).payload as object, file_hashes: ['sha256:abc'] } }), messageOp({ pk: 'm1', clock: 9 }))
  const state = async (asker: typeof provider, userId: string, id = workspaceId) => (await bootstrap(asker.syncGateway, eventOf(userId, id), id)).items
  return { path, provider, clock, ada, bob, workspaceId, late, push, state, db: ['--db', path] }
}

describe('a workspace that moves', () => {
  it('to another server keeps rows, deletes, versions, stamps, receipts and members', async () => {
    const { path, provider, clock, ada, workspaceId, late, state, db } = await withHistory()
    const before = { ada: await state(provider, ada) }
    const changes = await pullAll(provider.syncGateway, eventOf(ada, workspaceId), workspaceId, { cursor: 8 })
    await provider.close()
    const file = join(dirname(path), 'team.ndjson')
    await cliJson('export', workspaceId, file, ...db)

    // A server where Ada is known by her address only, and Bob not at all.
    const elsewhere = join(await temporaryFolder(), 'y.sqlite')
    const fresh = await openTestProvider({ path: elsewhere, clock, host: { snapshots: true } })
    const { userId: adaThere } = await fresh.workspaceStore.getOrCreateUser({ provider: 'q', providerUserId: 'ada', email: 'ada@example.test' })
    await fresh.close()
    expect(await cliJson('import', file, '--db', elsewhere)).toMatchObject({ workspaceId, members: 1, skipped: 1 })
    expect((await cli('verify', '--db', elsewhere)).out).toContain('sound')

    const there = await openTestProvider({ path: elsewhere, clock, host: { snapshots: true } })
    const asThere = JSON.parse(JSON.stringify(before.ada).replaceAll(ada, adaThere)) as unknown
    expect(await state(there, adaThere)).toEqual(asThere)
    expect(await pullAll(there.syncGateway, eventOf(adaThere, workspaceId), workspaceId, { cursor: 8 })).toEqual(changes)
    const retry = await there.syncGateway.push(eventOf(adaThere, workspaceId), { scope: { workspaceId }, ops: [late] })
    expect(retry.results, 'a late retry of what was collected before').toMatchObject([{ replayed: true, serverVersion: 2 }])
    const next = await there.syncGateway.push(eventOf(adaThere, workspaceId), { scope: { workspaceId }, ops: [messageOp({ pk: 'new' })] })
    expect(next.serverVersion, 'above what the other server may have given').toBeGreaterThan(1_000_000)
    expect(await there.workspaceStore.getWorkspaceRole({ userId: adaThere, workspaceId })).toBe('owner')
    expect(await select(there.engine, 'SELECT source_id, hash FROM file_references')).toEqual([{ source_id: 'm2', hash: 'abc' }])
  })

  it('beside itself is a copy of its own', async () => {
    const { path, provider, clock, ada, state, workspaceId, db } = await withHistory()
    const before = await state(provider, ada)
    await provider.close()
    const file = join(dirname(path), 'team.ndjson')
    await cliJson('export', workspaceId, file, ...db)
    expect(await cli('import', file, ...db)).toMatchObject({ code: 1, err: expect.stringContaining('already') as string })
    await cliJson('import', file, '--as', 'copy', ...db)
    const again = await openTestProvider({ path, clock, host: { snapshots: true } })
    expect(await state(again, ada, 'copy')).toEqual(before)
    expect((await cli('verify', ...db)).code).toBe(0)
  })

  it('keeps what won, though it was collected and a loser was not', async () => {
    const { path, provider, clock, ada, workspaceId, push, state, db } = await withHistory()
    // From a device that was away: both lose to what is in the log no more.
    await push(ada, messageOp({ pk: 'gone', clock: 2, text: 'too late' }), threadOp({ clock: 0, title: 'too late' }))
    const before = await state(provider, ada)
    await provider.close()
    const file = join(dirname(path), 'team.ndjson')
    await cliJson('export', workspaceId, file, ...db)
    await cliJson('import', file, '--as', 'copy', ...db)
    expect((await cli('verify', ...db)).out).toContain('sound')
    const again = await openTestProvider({ path, clock, host: { snapshots: true } })
    expect(await state(again, ada, 'copy')).toEqual(before)
  })

  it('is one moment, while its server goes on', async () => {
    const { path, provider, ada, workspaceId, push, db } = await withHistory()
    let going = true
    const load = (async () => {
      for (let clockOf = 10; going; clockOf++) await push(ada, messageOp({ pk: 'm1', clock: clockOf }), messageOp({ pk: `n${clockOf}` }))
    })()
    const file = join(dirname(path), 'team.ndjson')
    await cliJson('export', workspaceId, file, ...db)
    going = false
    await load
    await provider.close()
    expect((await cli('import', file, '--as', 'copy', ...db)).code).toBe(0)
    expect((await cli('verify', ...db)).code).toBe(0)
    expect((await readdir(dirname(path))).filter(name => name.includes('exporting'))).toEqual([])
  })

  it('can be taken again after an import that was killed', async () => {
    const { path, provider, workspaceId, db } = await withHistory()
    await provider.close()
    const file = join(dirname(path), 'team.ndjson')
    await cliJson('export', workspaceId, file, ...db)
    const database = new Database(path)
    database.exec('INSERT INTO chores (name) VALUES (\'import:copy\'); INSERT INTO server_version_counter (workspace_id, value) VALUES (\'copy\', 1); INSERT INTO s_kv VALUES (\'copy\', \'k\', \'{}\', 1, \'h\', \'o\', 1, 1)')
    database.close()
    expect((await cli('import', file, '--as', 'copy', ...db)).code).toBe(0)
    expect((await cli('verify', ...db)).code).toBe(0)
  })

  it('is taken as a whole or not at all', async () => {
    const { path, provider, workspaceId, db } = await withHistory()
    await provider.close()
    const file = join(dirname(path), 'team.ndjson')
    await cliJson('export', workspaceId, file, ...db)
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    const broken: [content: string, text: string][] = [
      [lines.slice(0, -1).join('\n'), 'cut off'],
      [[...lines.slice(0, 5), ...lines.slice(6)].join('\n'), 'lines of'],
      [lines.map((line, index) => index === 6 ? line.slice(0, -10) : line).join('\n'), 'is no JSON'],
      [lines.map((line, index) => index === 6 ? line.replace('"opId":', '"opdI":') : line).join('\n'), 'is not as an export writes it'],
      [[lines[3], ...lines].join('\n'), 'no header'],
      [[...lines.slice(0, 7), lines[6], ...lines.slice(7)].join('\n'), ''],
    ]
    for (const [content, text] of broken) {
      await writeFile(`${file}.bad`, content)
      const { code, err } = await cli('import', `${file}.bad`, '--as', 'copy', ...db)
      expect([code, err]).toEqual([1, expect.stringContaining(text)])
      expect(await cliJson('stats', '--workspace', 'copy', ...db)).toMatchObject({ workspaces: [] })
    }
    expect((await cli('import', file, '--as', 'copy', ...db)).code).toBe(0)
  })

  it('for a bug report says nothing of what was written, and keeps its shape', async () => {
    const { path, provider, workspaceId, db } = await withHistory()
    await provider.close()
    const file = join(dirname(path), 'team.ndjson')
    await cliJson('export', workspaceId, file, '--redact', ...db)
    const text = await readFile(file, 'utf8')
    for (const secret of [SECRET, 'treasure', 'Team', 'ada@example.test', 'hers']) expect(text).not.toContain(secret)
    expect(text).toContain(SECRET.replaceAll(/\S/g, 'x'))
    expect((await cli('import', file, '--as', 'copy', ...db)).code).toBe(0)
    const piped = await cli('export', workspaceId, '--redact', ...db)
    expect(piped.out.trimEnd().split('\n')).toHaveLength(text.trimEnd().split('\n').length)
  })
})
