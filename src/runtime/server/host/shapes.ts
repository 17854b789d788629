import * as z from 'zod'
import { isText } from '../input'
import { refusal } from './errors'

/** Arguments of a method by name, in order, each with what it must be. */
type Shape = Readonly<Record<string, z.ZodType>>

/** More than any text a store is given has a use for; the stores' own limits are lower and named by themselves. */
const MAX_TEXT = 16 * 1024 * 1024

/** Text that every engine keeps as it is; it may be empty. */
export const text = z.string().refine(value => value === '' || isText(value, MAX_TEXT), { error: `must be valid text of at most ${MAX_TEXT} characters without NUL` })
/** What a model, a server or an error says: it may hold anything, and the store cleans it. */
export const prose = z.string()
/** A number that is only compared; it may be Infinity. */
export const measure = z.custom<number>(value => typeof value === 'number' && !Number.isNaN(value), { error: 'must be a number' })
/** A whole number, as times and counts are. */
export const whole = z.int()
/** What can be kept as JSON. */
export const json = z.unknown().refine(isJson, { error: 'must be JSON' })
/** An object whose other fields are somebody else's business. */
export const fields = (shape: Shape) => z.looseObject(shape)
/** One of a few words. */
export const oneOf = (words: readonly [string, ...string[]]) => z.enum(words)
export const list = z.array(text)
export const anything = z.unknown()

/**
 * A store whose methods check the shape of their arguments before they do anything: what is of the wrong
 * type is refused with 400 and the name of the field, where SQL would fall over it. The arguments go on as
 * they are. Methods without a shape check for themselves.
 */
export function withShapes<Store extends object>(store: Store, shapes: Partial<Record<keyof Store, Shape>>): Store {
  const checked = Object.entries<Shape | undefined>(shapes).map(([name, shape]) => {
    const method = store[name as keyof Store] as (...args: unknown[]) => unknown
    const entries = Object.entries(shape ?? {})
    return [name, async (...args: unknown[]) => {
      for (const [index, [argument, type]] of entries.entries()) demandShape(argument, type, args[index])
      return method.apply(store, args)
    }]
  })
  return { ...store, ...Object.fromEntries(checked) as Partial<Store> }
}

function demandShape(argument: string, type: z.ZodType, value: unknown): void {
  const { error } = type.safeParse(value)
  const issue = error?.issues[0]
  if (issue) throw refusal(400, `${issue.path.length > 0 ? issue.path.join('.') : argument}: ${issue.message}`)
}

function isJson(value: unknown): boolean {
  try {
    return value === undefined || isText(JSON.stringify(value), MAX_TEXT)
  }
  catch {
    return false
  }
}
