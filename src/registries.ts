import { findPath } from '@nuxt/kit'
import { join } from 'pathe'

/** A file of the host that the server plugin uses, if it is there (contract §1.1). */
interface KnownFile {
  /** What the log calls what is missing without it; absent for what only helps. */
  readonly label?: string
  /** Below the host's root, without extension. */
  readonly path: string
  /** What the file gives us. */
  readonly name: string
}

const FILES: readonly KnownFile[] = [
  { label: 'workspace store', path: 'server/auth/store/registry', name: 'registerAuthWorkspaceStore' },
  { label: 'sync gateway', path: 'server/sync/gateway/registry', name: 'registerSyncGatewayAdapter' },
  { label: 'admin stores', path: 'server/admin/stores/registry', name: 'registerAdminStoreProvider' },
  { label: 'admin adapter', path: 'server/admin/providers/registry', name: 'registerProviderAdminAdapter' },
  { label: 'deployment admin checker', path: 'server/auth/deployment-admin', name: 'registerDeploymentAdminChecker' },
  { label: 'webhook store', path: 'server/utils/webhooks/store/registry', name: 'registerWebhookStore' },
  { label: 'Connect store', path: 'server/connect/store/registry', name: 'registerConnectStore' },
  { label: 'rate limits', path: 'server/utils/rate-limit/registry', name: 'registerRateLimitProvider' },
  { label: 'background jobs', path: 'server/utils/background-jobs/registry', name: 'registerBackgroundJobProvider' },
  { label: 'notifications', path: 'server/utils/notifications/registry', name: 'registerNotificationEmitter' },
  { path: 'server/connect/store/types', name: 'ConnectStoreError' },
  { path: 'server/utils/background-jobs/store', name: 'getJobConfig' },
  { path: 'server/utils/webhooks/runtime', name: 'emitWebhookSystemHook' },
]

/** A host that has this file has clients that can bootstrap from a snapshot (contract §1.5). */
const SNAPSHOT_POLICY = 'shared/sync/history-gc-policy'

export interface FoundFile {
  readonly label: string | undefined
  readonly name: string
  /** Undefined where this host has no such file. */
  readonly file: string | undefined
}

export interface FoundHost {
  readonly files: readonly FoundFile[]
  readonly snapshots: boolean
}

/** What the host at `rootDir` has of all this: hosts of different ages have different parts (contract §1.5). */
export async function findHost(rootDir: string): Promise<FoundHost> {
  const find = async (path: string) => await findPath(join(rootDir, path), { extensions: ['.ts', '.mts', '.js', '.mjs'] }) ?? undefined
  const files = await Promise.all(FILES.map(async ({ label, path, name }) => ({ label, name, file: await find(path) })))
  return { files, snapshots: await find(SNAPSHOT_POLICY) !== undefined }
}

/**
 * The code that hands our implementations to the registries that are there. It imports the host's files by
 * the path they are built from, so that it gets the very instance the host's own code uses. A file that
 * lacks what we know it by gives undefined, as a missing one does.
 */
export function registrationCode({ files, snapshots }: FoundHost): string {
  const lines = files.flatMap(({ name, file }, index) => {
    if (file === undefined) return [`export const ${name} = undefined`]
    return [`import * as host${index} from ${JSON.stringify(file)}`, `export const ${name} = host${index}.${name}`]
  })
  return [...lines, `export const hostHasSnapshots = ${snapshots}`].join('\n')
}

/** One line for the log: what this host cannot take from us, because it is older than that feature. */
export function missingLine({ files }: FoundHost): string | undefined {
  const missing = files.flatMap(({ label, file }) => label !== undefined && file === undefined ? [label] : [])
  return missing.length === 0 ? undefined : `This host has no registry for: ${missing.join(', ')}. The provider leaves these roles out.`
}
