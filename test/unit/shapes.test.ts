import { expect, it } from 'vitest'
import { fields, list, oneOf, text, whole, withShapes } from '../../src/runtime/server/host/shapes'

const store = withShapes({
  calls: [] as unknown[][],
  async save(...args: unknown[]) {
    this.calls.push(args)
    return args.length
  },
  async free() {
    return 'free'
  },
}, { save: { id: text, at: whole, patch: fields({ names: list, role: oneOf(['owner', 'viewer']).optional() }) } })

it('refuses with 400 and the name of the field, and never calls the method', async () => {
  const refused = async (...args: unknown[]) => store.save(...args).then(() => undefined, (error: unknown) => error)
  expect(await refused(5, 1, { names: [] })).toMatchObject({ statusCode: 400, message: expect.stringMatching(/^id: /) as string })
  expect(await refused('a\0', 1, { names: [] })).toMatchObject({ statusCode: 400, message: expect.stringContaining('without NUL') as string })
  expect(await refused('a', 1.5, { names: [] })).toMatchObject({ statusCode: 400, message: expect.stringMatching(/^at: /) as string })
  expect(await refused('a', 1)).toMatchObject({ statusCode: 400, message: expect.stringMatching(/^patch: /) as string })
  expect(await refused('a', 1, { names: ['x', 5] })).toMatchObject({ statusCode: 400, message: expect.stringMatching(/^names\.1: /) as string })
  expect(await refused('a', 1, { names: [], role: 'king' })).toMatchObject({ statusCode: 400, message: expect.stringContaining('"owner"|"viewer"') as string })
  expect(store.calls).toEqual([])
})

it('passes on what it was given, fields that it does not know too, and leaves other methods alone', async () => {
  const patch = { names: [], more: { kept: true } }
  expect(await store.save('', 1, patch, 'extra')).toBe(4)
  expect(store.calls[0]?.[2]).toBe(patch)
  expect(await store.free()).toBe('free')
})
