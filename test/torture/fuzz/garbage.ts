import fc from 'fast-check'

/** JSON that a careless or hostile client might send where something else belongs. */
const nasty = fc.constantFrom<unknown>(
  null, true, false, 0, -1, 0.5, 1e308, -1e308, 2 ** 53, 2 ** 63, '', ' ', '\0', 'a\0b', '\uD800', '😀'.repeat(300), 'x'.repeat(70_000),
  '\'; DROP TABLE users; --', '" OR 1=1 --', '%', '_', '../../etc/passwd', '__proto__', 'constructor', '{"a":', 'NaN', '1e999',
  [], {}, [[]], [null], { length: -1 }, JSON.parse('{"__proto__":{"polluted":true}}'), { toString: 1, valueOf: 2, toJSON: 3 }, { constructor: { prototype: {} } },
)

/** What cannot come over the wire but out of a host's code. */
const unwired = fc.constantFrom<unknown>(undefined, Number.NaN, Number.POSITIVE_INFINITY, 10n, new Date(Number.NaN), Buffer.from('x'), Symbol.iterator)

const deep = fc.integer({ min: 1, max: 3000 }).map((levels): unknown => {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { v: value }
  return value
})

export const wireGarbage: fc.Arbitrary<unknown> = fc.oneof({ weight: 5, arbitrary: nasty }, { weight: 1, arbitrary: deep }, { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 4 }) })
export const garbage: fc.Arbitrary<unknown> = fc.oneof({ weight: 6, arbitrary: wireGarbage }, { weight: 1, arbitrary: unwired })

/** A change to a sound value: where (a walk down its fields, each taken modulo how many there are) and what is put there. */
export interface Spoil {
  readonly walk: readonly number[]
  readonly put: unknown
  readonly drop: boolean
}

export const spoilWith = (put: fc.Arbitrary<unknown>): fc.Arbitrary<Spoil> => fc.record({ walk: fc.array(fc.nat(20), { minLength: 1, maxLength: 5 }), put, drop: fc.boolean() })

/** The value with one place of it spoiled; the value itself stays as it is. */
export function spoil(value: unknown, { walk, put, drop }: Spoil): unknown {
  const [step, ...further] = walk
  if (step === undefined) return put
  if (Array.isArray(value)) {
    if (value.length === 0) return put
    const at = step % value.length
    return (value as unknown[]).map((item, index) => index === at ? spoil(item, { walk: further, put, drop }) : item)
  }
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return put
  const keys = Object.keys(value)
  const key = keys[step % keys.length] ?? ''
  const inner = (value as Record<string, unknown>)[key]
  if (drop && further.length === 0) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key))
  return { ...value, [key]: spoil(inner, { walk: further, put, drop }) }
}
