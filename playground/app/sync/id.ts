/**
 * A random UUID. Browsers offer `crypto.randomUUID` to pages from https and localhost only, and a phone
 * that opens the playground over the local network is neither.
 */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const hex = [...bytes].map((byte, index) => marked(byte, index).toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Version 4, variant 1. */
function marked(byte: number, index: number): number {
  if (index === 6) return (byte & 0x0F) | 0x40
  return index === 8 ? (byte & 0x3F) | 0x80 : byte
}
