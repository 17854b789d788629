import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Connection } from '../../src/runtime/server/engine/connection'
import { GroupCommit } from '../../src/runtime/server/engine/group-commit'
import { temporaryFolder } from '../support/provider'

class CountingConnection extends Connection {
  commits = 0

  override commit(): void {
    super.commit()
    this.commits += 1
  }
}

async function openGroup(busyTimeoutMs = 5000) {
  const path = join(await temporaryFolder(), 'g.sqlite')
  const handle = new Database(path, { timeout: 10 })
  const other = new Database(path, { timeout: 10 })
  onTestFinished(() => {
    handle.close()
    other.close()
  })
  handle.pragma('journal_mode = WAL')
  handle.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT')
  const connection = new CountingConnection(handle)
  const group = new GroupCommit(connection, { busyTimeoutMs })
  const insert = (name: string | null) => group.add(() => {
    connection.run({ sql: 'INSERT INTO t (name) VALUES (?)', parameters: [`first of ${name}`] })
    connection.run({ sql: 'INSERT INTO t (name) VALUES (?)', parameters: [name] })
    return name
  })
  /** What another process sees. */
  const seen = () => other.prepare('SELECT name FROM t ORDER BY id').pluck().all()
  return { connection, group, insert, seen, other }
}

describe('writes that wait together', () => {
  it('share a commit, in the order of the calls, and are answered when others see them', async () => {
    const { connection, insert, seen } = await openGroup()
    const names = Array.from({ length: 50 }, (_, index) => `n${index}`)
    const answers = await Promise.all(names.map(async (name) => {
      const answer = await insert(name)
      expect(seen()).toContain(name)
      return answer
    }))
    expect(answers).toEqual(names)
    expect(seen()).toEqual(names.flatMap(name => [`first of ${name}`, name]))
    expect(connection.commits).toBeLessThan(10)
  })

  it('are each all or nothing by themselves', async () => {
    const { insert, seen, group } = await openGroup()
    const results = await Promise.allSettled([insert('a'), insert(null), insert('b'), group.add(() => {
      throw new RangeError('of its own')
    }), insert('c')])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
    expect(results[3]).toMatchObject({ reason: { message: 'of its own' } })
    // As one alone would: typed, and without the SQL.
    expect(results[1]).toMatchObject({ reason: { name: 'DatabaseError', fault: 'rejected', message: 'The database refused the statement.' } })
    expect(seen()).toEqual(['first of a', 'a', 'first of b', 'b', 'first of c', 'c'])
  })

  it('leave nothing of one alone that fails, and go on', async () => {
    const { insert, seen } = await openGroup()
    await expect(insert(null)).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_NOTNULL' })
    expect(seen()).toEqual([])
    await insert('a')
    expect(seen()).toEqual(['first of a', 'a'])
  })

  it('end a group that takes long, so that the server can work in between', async () => {
    const { connection, group } = await openGroup()
    const slow = () => {
      for (const end = performance.now() + 6; performance.now() < end;);
    }
    await Promise.all(Array.from({ length: 8 }, () => group.add(slow)))
    expect(connection.commits).toBeGreaterThan(1)
  })

  it('fail together while another process has the lock for too long, and work again after', async () => {
    const { insert, seen, other, group } = await openGroup(30)
    other.exec('BEGIN IMMEDIATE')
    const results = await Promise.allSettled([insert('a'), insert('b')])
    expect(results.map(result => result.status === 'rejected' && result.reason)).toMatchObject([{ fault: 'busy' }, { fault: 'busy' }])
    const later = insert('c')
    other.exec('COMMIT')
    await later
    await group.idle()
    expect(seen()).toEqual(['first of c', 'c'])
  })

  it('that join during a commit are done too', async () => {
    const { insert, seen, group } = await openGroup()
    const second = insert('a').then(() => insert('b'))
    await second
    await group.idle()
    await Promise.all([insert('c'), group.idle()])
    expect(seen()).toHaveLength(6)
  })
})
