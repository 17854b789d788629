import { describe, expect, it } from 'vitest'
import { DatabaseError, toDatabaseError } from '../../../src/runtime/server/engine/errors'
import { answer } from '../../../src/runtime/server/host/errors'

const coded = (code: string) => Object.assign(new Error(`INSERT INTO secret VALUES ('x') /var/data.sqlite ${code}`), { code })

describe('toDatabaseError', () => {
  it.each([
    ['SQLITE_BUSY', 'busy'], ['SQLITE_BUSY_SNAPSHOT', 'busy'], ['SQLITE_LOCKED', 'busy'], ['SQLITE_FULL', 'full'], ['ENOSPC', 'full'], ['SQLITE_IOERR_WRITE', 'io'],
    ['SQLITE_READONLY_DBMOVED', 'readonly'], ['EACCES', 'readonly'], ['EROFS', 'readonly'], ['SQLITE_CORRUPT', 'corrupt'], ['SQLITE_NOTADB', 'foreign'],
    ['SQLITE_CANTOPEN', 'unavailable'], ['ENOTDIR', 'unavailable'], ['SQLITE_CONSTRAINT_UNIQUE', 'rejected'],
  ])('makes a fault of %s: %s', (code, fault) => {
    const error = toDatabaseError(coded(code))
    expect(error).toBeInstanceOf(DatabaseError)
    expect(error).toMatchObject({ fault, code, retryable: fault !== 'rejected' })
    expect((error as Error).message).not.toMatch(/INSERT|secret|\/var/)
  })

  it('leaves other errors and its own as they are', () => {
    const own = new DatabaseError('busy')
    const bug = new TypeError('x is not a function')
    expect([toDatabaseError(own), toDatabaseError(bug), toDatabaseError('text')]).toEqual([own, bug, 'text'])
  })
})

describe('answer', () => {
  const keep = (error: unknown) => error

  it('makes 503 with Retry-After of trouble that may pass (S13), and says nothing of SQL or paths', async () => {
    const headers: Record<string, string> = {}
    const event = { node: { res: { headersSent: false, setHeader: (name: string, value: string) => void (headers[name] = value) } } }
    const failed = answer(Promise.reject(toDatabaseError(coded('SQLITE_FULL'))), keep, event)
    await expect(failed).rejects.toMatchObject({ statusCode: 503, statusMessage: 'Database unavailable', message: 'The disk that holds the database is full.' })
    expect(headers).toEqual({ 'Retry-After': '2' })
    expect(JSON.stringify(await failed.catch((error: { toJSON(): unknown }) => error.toJSON()))).not.toMatch(/INSERT|\/var/)
  })

  it('makes 500 of a statement the database refuses', async () => {
    await expect(answer(Promise.reject(toDatabaseError(coded('SQLITE_CONSTRAINT'))), keep)).rejects.toMatchObject({ statusCode: 500, statusMessage: 'Database error' })
  })

  it('needs no real event', async () => {
    for (const event of [{}, { node: undefined }, { node: {} }]) await expect(answer(Promise.reject(new DatabaseError('busy')), keep, event)).rejects.toMatchObject({ statusCode: 503 })
  })
})
