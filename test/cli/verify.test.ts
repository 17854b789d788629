import { open } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { cli, cliJson } from '../support/cli'
import { eventOf, op } from '../support/ops'
import { openTestProvider, temporaryFolder } from '../support/provider'
import { messageOp, threadOp } from '../support/rows'

/** What is broken, the check that must find it, and whether --repair mends it. */
const PLANTED: readonly (readonly [sql: string, check: string, mended: boolean])[] = [
  ['UPDATE server_version_counter SET value = 2', 'counter', true],
  ['DELETE FROM server_version_counter', 'counter', true],
  ['DELETE FROM change_log WHERE server_version = 3', 'gap', false],
  ['UPDATE device_cursors SET last_seen_version = 99', 'cursor', true],
  ['UPDATE workspace_members SET role = \'viewer\'', 'owner', false],
  ['DELETE FROM workspace_members', 'home', true],
  ['INSERT INTO tombstones SELECT workspace_id, \'messages\', pk, clock - 1, hlc, op_id, server_version, NULL, 1 FROM s_messages WHERE pk = \'kept\'', 'both', true],
  ['DELETE FROM s_messages WHERE pk = \'kept\'', 'behind', true],
  ['DELETE FROM tombstones', 'behind', true],
  ['UPDATE s_threads SET clock = clock - 1', 'behind', true],
  ['UPDATE s_messages SET payload_json = \'{"id":"kept","text":"forged"}\' WHERE pk = \'kept\'', 'other', false],
  ['INSERT INTO s_kv SELECT id, \'k\', \'{}\', 1, \'h\', \'o\', 8, 8 FROM workspaces', 'lost', false],
  ['UPDATE s_messages SET payload_json = \'{broken\' WHERE pk = \'kept\'', 'json', true],
  ['DELETE FROM file_references', 'reference', true],
  ['INSERT INTO file_references SELECT id, \'messages\', \'kept\', \'forged\' FROM workspaces', 'reference', true],
]

async function sound() {
  const path = join(await temporaryFolder(), 'x.sqlite')
  const { workspaceStore, syncGateway, close } = await openTestProvider({ path })
  const { userId } = await workspaceStore.getOrCreateUser({ provider: 'p', providerUserId: 'ada' })
  const { workspaceId } = await workspaceStore.getOrCreateDefaultWorkspace(userId)
  const event = eventOf(userId, workspaceId)
  const scope = { workspaceId }
  await syncGateway.push(event, { scope, ops: [messageOp({ pk: 'kept', clock: 5 }), messageOp({ pk: 'kept', clock: 2 }), messageOp({ pk: 'gone' }), threadOp({ clock: 7 }), op({ table: 'notifications', pk: 'n' }), messageOp({ pk: 'filed', payload: { ...messageOp({ pk: 'filed' }).payload as object, file_hashes: ['sha256:abc'] } })] })
  await syncGateway.push(event, { scope, ops: [messageOp({ pk: 'gone', operation: 'delete', clock: 9 })] })
  await syncGateway.updateCursor(event, { scope, deviceId: 'd', version: 7 })
  await close()
  return { path, db: ['--db', path] }
}

describe('verify', () => {
  it.each(PLANTED)('%s: %s', async (sql, check, mended) => {
    const { path, db } = await sound()
    expect((await cli('verify', ...db)).code).toBe(0)
    const database = new Database(path)
    database.pragma('ignore_check_constraints = ON')
    database.pragma('foreign_keys = OFF')
    database.exec(sql)
    database.close()
    const { code, out } = await cli('verify', '--json', ...db)
    expect(code).toBe(2)
    expect((JSON.parse(out) as { faults: { check: string }[] }).faults.map(fault => fault.check)).toContain(check)
    const repaired = await cli('verify', '--repair', '--json', ...db)
    const left = (JSON.parse(repaired.out) as { faults: { check: string }[] }).faults.map(fault => fault.check)
    if (mended) expect(left).not.toContain(check)
    else expect(left).toContain(check)
  })

  it('loses nothing when it mends: the rows are what they were', async () => {
    const { path, db } = await sound()
    const rows = () => {
      const database = new Database(path, { readonly: true })
      const found = ['s_messages', 's_threads', 's_notifications', 'tombstones', 'change_log'].map(table => database.prepare(`SELECT * FROM ${table} ORDER BY pk, op_id`).all()).concat(database.prepare('SELECT * FROM file_references').all())
      database.close()
      return found
    }
    const before = rows()
    const database = new Database(path)
    database.exec('DELETE FROM s_messages; DELETE FROM tombstones; DELETE FROM s_threads; DELETE FROM s_notifications; DELETE FROM file_references; UPDATE server_version_counter SET value = 0')
    database.close()
    expect((await cli('verify', '--repair', ...db)).code).toBe(0)
    expect(rows()).toEqual(before)
    expect(await cliJson('stats', ...db)).toMatchObject({ workspaces: [{ version: 7 + 1_000_000 }] })
  })

  it('finds a damaged page', async () => {
    const { path, db } = await sound()
    const database = new Database(path, { readonly: true })
    const page = database.prepare<[], number>('SELECT rootpage FROM sqlite_schema WHERE name = \'s_kv\'').pluck().get() ?? 0
    database.close()
    const file = await open(path, 'r+')
    await file.write(Buffer.alloc(4096, 0xFF), 0, 4096, (page - 1) * 4096)
    await file.close()
    const { code, out } = await cli('verify', ...db)
    expect([code, out]).toEqual([2, expect.stringContaining('file: ') as string])
  })
})
