/** The part of the host's runtime configuration that decides what is registered (contract §5.4). */
export interface HostConfig {
  readonly auth?: { readonly enabled?: unknown }
  readonly sync?: { readonly enabled?: unknown, readonly provider?: unknown }
  readonly connect?: { readonly enabled?: unknown, readonly provider?: unknown }
  readonly backgroundJobs?: { readonly enabled?: unknown, readonly storageProvider?: unknown }
  readonly public?: { readonly sync?: { readonly provider?: unknown } }
}

export interface Roles {
  /** Anything at all: the database is opened, and rate limits and jobs are on offer. */
  readonly any: boolean
  /** Users and workspaces, and what belongs to them: wanted even where sync is off (trap A13). */
  readonly workspaces: boolean
  readonly syncGateway: boolean
  readonly connect: boolean
}

/** What this host wants of the provider (contract §1.4). Nothing at all while auth is off. */
export function selectRoles(config: HostConfig): Roles {
  const auth = isOn(config.auth?.enabled)
  const workspaces = auth && (config.sync?.provider ?? config.public?.sync?.provider) === 'sqlite'
  const connect = auth && isOn(config.connect?.enabled) && config.connect?.provider === 'sqlite'
  const jobs = auth && isOn(config.backgroundJobs?.enabled) && config.backgroundJobs?.storageProvider === 'sqlite'
  return { any: workspaces || connect || jobs, workspaces, syncGateway: workspaces && isOn(config.sync?.enabled), connect }
}

/** Nitro turns `NUXT_AUTH_ENABLED=true` into a boolean, but a host may keep text. */
function isOn(value: unknown): boolean {
  return value === true || value === 'true'
}
