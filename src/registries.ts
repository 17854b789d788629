import { findPath } from '@nuxt/kit'
import { join } from 'pathe'

/** A host registry this package knows of (contract §1.1). */
interface KnownRegistry {
  /** What the log calls it. */
  readonly label: string
  /** Below the host's root, without extension. */
  readonly path: string
  /** The host's function that takes our implementation; absent where this version has none. */
  readonly register?: string
}

const REGISTRIES: readonly KnownRegistry[] = [
  { label: 'workspace store', path: 'server/auth/store/registry', register: 'registerAuthWorkspaceStore' },
  { label: 'sync gateway', path: 'server/sync/gateway/registry', register: 'registerSyncGatewayAdapter' },
  { label: 'admin stores', path: 'server/admin/stores/registry' },
  { label: 'admin adapter', path: 'server/admin/providers/registry' },
  { label: 'deployment admin checker', path: 'server/auth/deployment-admin' },
  { label: 'webhook store', path: 'server/utils/webhooks/store/registry' },
  { label: 'Connect store', path: 'server/connect/store/registry' },
  { label: 'rate limits', path: 'server/utils/rate-limit/registry' },
  { label: 'background jobs', path: 'server/utils/background-jobs/registry' },
  { label: 'notifications', path: 'server/utils/notifications/registry' },
]

export interface FoundRegistry {
  readonly label: string
  readonly register: string | undefined
  /** The file, or undefined where this host has no such registry. */
  readonly file: string | undefined
}

/** Which of the registries the host at `rootDir` has: hosts of different ages have different ones (contract §1.5). */
export async function findRegistries(rootDir: string): Promise<FoundRegistry[]> {
  return Promise.all(REGISTRIES.map(async ({ label, path, register }) => ({
    label,
    register,
    file: await findPath(join(rootDir, path), { extensions: ['.ts', '.mts', '.js', '.mjs'] }) ?? undefined,
  })))
}

/**
 * The code that hands our implementations to the registries that are there. It imports the host's files by
 * the path they are built from, so that it gets the very instance the host's own code uses.
 */
export function registrationCode(registries: readonly FoundRegistry[]): string {
  return registries.flatMap(({ register, file }, index) => {
    if (register === undefined) return []
    if (file === undefined) return [`export const ${register} = undefined`]
    return [`import * as registry${index} from ${JSON.stringify(file)}`, `export const ${register} = registry${index}.${register}`]
  }).join('\n')
}

/** One line for the log: what this host cannot take from us, because it is older than that feature. */
export function missingLine(registries: readonly FoundRegistry[]): string | undefined {
  const missing = registries.filter(({ file }) => file === undefined).map(({ label }) => label)
  return missing.length === 0 ? undefined : `This host has no registry for: ${missing.join(', ')}. The provider leaves these roles out.`
}
