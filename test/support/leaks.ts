/** What neither a log nor an answer may hold: SQL, places in code, files of the server. */
const LEAKS: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['SQL', /\b(?:SELECT\s.+\sFROM|INSERT INTO|DELETE FROM|UPDATE \w+ SET|CREATE TABLE|PRAGMA \w)/],
  ['a stack trace', /^\s+at .+:\d+:\d+\)?$/m],
  ['a path', /(?:\/tmp\/|\/home\/|\/var\/|\/work\/)[\w.-]+\/|[\w-]+\.sqlite\b/],
]

/** The first leak in a text, or undefined. */
export function findLeak(text: string): string | undefined {
  for (const [what, pattern] of LEAKS) {
    const found = pattern.exec(text)
    if (found) return `${what}: ${found[0].slice(0, 200)}`
  }
  return undefined
}
