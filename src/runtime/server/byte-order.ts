const FIRST_SURROGATE = 0xD800
const AFTER_SURROGATES = 0xE000
const FIRST_ASTRAL = 0x10000
const NEEDS_SHIFT = /[\uD800-\uFFFF]/

/**
 * Rewrites a string so that comparing UTF-8 bytes, as SQLite does, gives the order in which JavaScript
 * compares the original's UTF-16 units (trap S20). The two differ only from U+D800 upwards, so every
 * string a real client sends comes back as it is. Undone by {@link fromByteOrder}.
 */
export function toByteOrder(text: string): string {
  if (!NEEDS_SHIFT.test(text)) return text
  let result = ''
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < FIRST_SURROGATE) result += text[index]
    else if (unit < AFTER_SURROGATES) result += String.fromCodePoint(AFTER_SURROGATES + (unit - FIRST_SURROGATE))
    else result += String.fromCodePoint(FIRST_ASTRAL + (unit - AFTER_SURROGATES))
  }
  return result
}

/** Undoes {@link toByteOrder}. */
export function fromByteOrder(text: string): string {
  if (!NEEDS_SHIFT.test(text)) return text
  let result = ''
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    if (point < FIRST_SURROGATE) result += character
    else if (point < FIRST_ASTRAL) result += String.fromCharCode(FIRST_SURROGATE + (point - AFTER_SURROGATES))
    else result += String.fromCharCode(AFTER_SURROGATES + (point - FIRST_ASTRAL))
  }
  return result
}
