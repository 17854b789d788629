/** The environment without what makes a program think that it runs in a test. */
export function outsideTests(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'NODE_ENV' && name !== 'TEST' && name !== 'MODE' && !name.startsWith('VITEST')))
}
