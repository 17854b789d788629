/** The Node.js versions Nuxt supports, and this package with it (`engines` in package.json). */
export const SUPPORTED_NODE = '^22.19.0 || ^24.11.0 || >=26'

/**
 * Why this Node.js cannot run the package, as one sentence, or undefined if it can. better-sqlite3 13
 * needs Node-API 10 and takes the whole process down without an error message where it is missing,
 * so this is asked before the driver is loaded.
 */
export function unsupportedNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const supported = (major === 22 && minor >= 19) || (major === 24 && minor >= 11) || major >= 26
  if (supported) return undefined
  return `or3-provider-sqlite needs Node.js ${SUPPORTED_NODE}, and this is ${version}: install a supported Node.js and start it again.`
}
