import { createHash } from 'node:crypto'

/** Where a snapshot goes on: after `pk` of the table at `tableIndex`. */
export interface SnapshotPosition {
  readonly snapshotId: string
  readonly tableIndex: number
  readonly pk: string
}

/** The host takes tokens of up to 4096 characters; ours stay below 3000 for a pk of 1024. */
const FORM = /^s1\.([\w-]{22})\.([\w-]{1,64})\.(\d)\.([\w-]{2,2800})$/

/**
 * The opaque token of the next page. It names its workspace by hash, so that one of another workspace is
 * told from a broken one, and holds the pk as UTF-16, which is the shortest sure form.
 */
export function toToken(workspaceId: string, { snapshotId, tableIndex, pk }: SnapshotPosition): string {
  return `s1.${tag(workspaceId)}.${snapshotId}.${tableIndex}.${Buffer.from(pk, 'utf16le').toString('base64url')}`
}

/** The position a token names; undefined for text that is no token, `'foreign'` for another workspace's. */
export function fromToken(workspaceId: string, token: unknown): SnapshotPosition | 'foreign' | undefined {
  const [, workspace, snapshotId, tableIndex, pk] = typeof token === 'string' ? FORM.exec(token) ?? [] : []
  if (workspace === undefined || snapshotId === undefined || tableIndex === undefined || pk === undefined) return undefined
  if (workspace !== tag(workspaceId)) return 'foreign'
  return { snapshotId, tableIndex: Number(tableIndex), pk: Buffer.from(pk, 'base64url').toString('utf16le') }
}

function tag(workspaceId: string): string {
  return createHash('sha256').update(workspaceId).digest().subarray(0, 16).toString('base64url')
}
