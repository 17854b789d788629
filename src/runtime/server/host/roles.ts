/** The part of the host's runtime configuration that decides what is registered (contract §5.4). */
export interface HostConfig {
  readonly auth?: { readonly enabled?: unknown }
  readonly sync?: { readonly enabled?: unknown, readonly provider?: unknown }
  readonly public?: { readonly sync?: { readonly provider?: unknown } }
}

export interface Roles {
  /** Users and workspaces: wanted even where sync is off (trap A13). */
  readonly workspaceStore: boolean
  readonly syncGateway: boolean
}

/** What this host wants of the provider (contract §1.4). Nothing at all while auth is off. */
export function selectRoles(config: HostConfig): Roles {
  const provider = config.sync?.provider ?? config.public?.sync?.provider
  const selected = isOn(config.auth?.enabled) && provider === 'sqlite'
  return { workspaceStore: selected, syncGateway: selected && isOn(config.sync?.enabled) }
}

/** Nitro turns `NUXT_AUTH_ENABLED=true` into a boolean, but a host may keep text. */
function isOn(value: unknown): boolean {
  return value === true || value === 'true'
}
