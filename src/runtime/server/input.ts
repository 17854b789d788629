/** What input may be believed to be, before anything is done with it. */

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/**
 * Text of 1 to `maxLength` UTF-16 units that every engine keeps as it is: no lone surrogate, which UTF-8
 * cannot say, and no NUL, which PostgreSQL cannot hold.
 */
export function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxLength && value.isWellFormed() && !value.includes('\0')
}

/** Words of a stranger's, such as an answer of a model or of another server, as every engine can keep them. */
export function cleanText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}

/** A number of things to list: whole, at least 1 and at most `highest`; `otherwise` for what is no number. */
export function clampCount(count: unknown, otherwise: number, highest: number): number {
  if (typeof count !== 'number' || Number.isNaN(count)) return otherwise
  return Math.min(highest, Math.max(1, Math.trunc(count)))
}
