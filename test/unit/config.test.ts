import { isAbsolute } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../../src/runtime/server/config'

const PATH = { OR3_SQLITE_DB_PATH: './data/x.sqlite' }

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env)
  }
  catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

describe('readConfig', () => {
  it('has the defaults of the contract and is frozen', () => {
    const config = readConfig(PATH)
    expect(config).toEqual({
      driver: 'better-sqlite3', path: config.path, journalMode: 'WAL', synchronous: 'NORMAL', busyTimeoutMs: 5000,
      strict: false, maxClock: 10_000_000_000_000, maxAheadMs: 30 * 86_400_000, verifiedEmailProviders: [], backup: undefined, collect: undefined, metricsToken: undefined, slowStatementMs: 0, debugSql: false, warnings: [],
    })
    expect(isAbsolute(config.path)).toBe(true)
    expect(Object.isFrozen(config)).toBe(true)
  })

  it('takes what SQLite names, in any case, and the drivers\' other names', () => {
    for (const mode of ['delete', 'TRUNCATE', 'Persist', 'memory', 'wal', 'OFF']) expect(readConfig({ ...PATH, OR3_SQLITE_PRAGMA_JOURNAL_MODE: mode }).journalMode).toBe(mode.toUpperCase())
    for (const level of ['off', 'normal', 'FULL', 'Extra']) expect(readConfig({ ...PATH, OR3_SQLITE_PRAGMA_SYNCHRONOUS: level }).synchronous).toBe(level.toUpperCase())
    for (const driver of ['better-sqlite3', 'better', 'SQLite', '']) expect(readConfig({ ...PATH, OR3_SQLITE_DRIVER: driver }).driver).toBe('better-sqlite3')
  })

  it('names every fault at once, what is accepted and how to mend it', () => {
    expect(faultsOf({
      OR3_SQLITE_DRIVER: 'oracle', OR3_SQLITE_PRAGMA_JOURNAL_MODE: 'WAL; DROP TABLE users', OR3_SQLITE_PRAGMA_SYNCHRONOUS: 'FASTER',
      OR3_SQLITE_BUSY_TIMEOUT_MS: '5s', OR3_SQLITE_STRICT: 'maybe', OR3_SQLITE_ALLOW_IN_MEMORY: '2', OR3_SQLITE_MAX_CLOCK: '0', OR3_SQLITE_MAX_CLOCK_AHEAD_SECONDS: '-1',
    })).toEqual([
      'OR3_SQLITE_DRIVER is "oracle". Accepted: better-sqlite3, better, sqlite. Remove it to use better-sqlite3.',
      'OR3_SQLITE_PRAGMA_JOURNAL_MODE is "WAL; DROP TABLE users". Accepted: DELETE, TRUNCATE, PERSIST, MEMORY, WAL, OFF. Remove it to use WAL.',
      'OR3_SQLITE_PRAGMA_SYNCHRONOUS is "FASTER". Accepted: OFF, NORMAL, FULL, EXTRA. Remove it to use NORMAL.',
      'OR3_SQLITE_BUSY_TIMEOUT_MS is "5s". Accepted: a whole number of milliseconds from 0 to 60000. Remove it to use 5000.',
      'OR3_SQLITE_ALLOW_IN_MEMORY is "2". Accepted: 1, true, yes for on; 0, false, no or nothing for off.',
      'OR3_SQLITE_STRICT is "maybe". Accepted: 1, true, yes for on; 0, false, no or nothing for off.',
      'OR3_SQLITE_MAX_CLOCK is "0". Accepted: a whole number of edits from 1 to 9007199254740991. Remove it to use 10000000000000.',
      'OR3_SQLITE_MAX_CLOCK_AHEAD_SECONDS is "-1". Accepted: a whole number of seconds from 60 to 10000000000. Remove it to use 2592000.',
      'OR3_SQLITE_DB_PATH is not set. Set it to the file that holds the data, such as ./.data/or3-sync.sqlite.',
    ])
  })

  it('says of a driver of another version that it is not in this one', () => {
    expect(faultsOf({ ...PATH, OR3_SQLITE_DRIVER: 'turso' })[0]).toContain('This version has the local engine only.')
  })

  it('needs a file outside tests (I1)', () => {
    expect(faultsOf({})).toHaveLength(1)
    expect(readConfig({ NODE_ENV: 'test' }).path).toBe(':memory:')
    expect(readConfig({ VITEST: 'true' }).path).toBe(':memory:')
    expect(faultsOf({ NODE_ENV: 'production' })).toHaveLength(1)
  })

  it('lets memory be used only on purpose, and never under strict', () => {
    const memory = { OR3_SQLITE_DB_PATH: ':memory:' }
    expect(faultsOf(memory)[0]).toContain('OR3_SQLITE_ALLOW_IN_MEMORY=true')
    const allowed = readConfig({ ...memory, OR3_SQLITE_ALLOW_IN_MEMORY: 'YES' })
    expect(allowed.warnings).toEqual(['The database is in memory: all data is lost when the server stops.'])
    expect(faultsOf({ ...memory, OR3_SQLITE_ALLOW_IN_MEMORY: '1', OR3_SQLITE_STRICT: 'true' })[0]).toContain('OR3_SQLITE_STRICT is on')
    expect(faultsOf({ ...memory, NODE_ENV: 'test', OR3_SQLITE_STRICT: '1' })).toHaveLength(1)
  })

  it('refuses URLs, and unsafe journals under strict', () => {
    expect(faultsOf({ OR3_SQLITE_DB_PATH: 'file:data.sqlite?mode=ro' })[0]).toContain('is a URL')
    expect(faultsOf({ ...PATH, OR3_SQLITE_PRAGMA_JOURNAL_MODE: 'off', OR3_SQLITE_STRICT: '1' })[0]).toContain('a crash damages the file')
  })

  it('does not let one wrong value hide what the others say', () => {
    expect(faultsOf({ OR3_SQLITE_DRIVER: 'foo', OR3_SQLITE_DB_PATH: ':memory:', OR3_SQLITE_ALLOW_IN_MEMORY: 'true' })).toHaveLength(1)
    expect(faultsOf({ ...PATH, OR3_SQLITE_DRIVER: 'foo', OR3_SQLITE_STRICT: '1', OR3_SQLITE_PRAGMA_JOURNAL_MODE: 'OFF' })).toHaveLength(2)
    expect(faultsOf({ NODE_ENV: 'test', OR3_SQLITE_STRICT: '1' })).toHaveLength(1)
  })

  it('warns of what has no effect and what is risky', () => {
    expect(readConfig({ ...PATH, OR3_SQLITE_PATH: 'x' }).warnings).toEqual(['OR3_SQLITE_PATH is not a setting of this version and has no effect.'])
    expect(readConfig({ ...PATH, OR3_SQLITE_TURSO_URL: 'x', OR3_SQLITE_TURSO_AUTH_TOKEN: 'secret' }).warnings).toEqual([])
    expect(readConfig({ ...PATH, OR3_SQLITE_PRAGMA_SYNCHRONOUS: 'off', OR3_SQLITE_PRAGMA_JOURNAL_MODE: 'memory' }).warnings).toHaveLength(2)
  })

  it('never repeats a path or a token', () => {
    const message = new ConfigError(faultsOf({ OR3_SQLITE_DB_PATH: 'file:/home/ada/secret.sqlite', OR3_SQLITE_STRICT: 'x', OR3_SQLITE_TURSO_AUTH_TOKEN: 'tok3n' })).message
    expect(message).not.toMatch(/secret|tok3n/)
  })
})
