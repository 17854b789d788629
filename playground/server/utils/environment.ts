/** Whether the server was started as production. Read by computed name: the build would put its own value in its place. */
export function isProduction(): boolean {
  return globalThis.process.env[['NODE', 'ENV'].join('_')] === 'production'
}
