import { createHash } from 'node:crypto'
import type { CanonicalKind } from '../host/storage-contract'

/** Longer cursors are refused (contract §2.2.9). Ours fit: a pk has at most 1024 bytes, a mentioned hash 128. */
const MAX_CURSOR_LENGTH = 2048

export interface CursorScope {
  readonly workspaceId: string
  readonly kind: CanonicalKind
  /** Normalised; undefined without a filter. */
  readonly hash: string | undefined
}

const FORM = /^c1\.([\w-]{22})((?:\.[\w-]*){1,3})$/

/** The opaque cursor after the item of this key; bound to its workspace, kind and filter (trap S28). */
export function toCursor(scope: CursorScope, key: readonly string[]): string {
  return ['c1', tag(scope), ...key.map(part => Buffer.from(part).toString('base64url'))].join('.')
}

/** The key of a cursor made for this very question, else undefined. */
export function fromCursor(scope: CursorScope, cursor: unknown, parts: number): readonly string[] | undefined {
  const found = typeof cursor === 'string' && cursor.length <= MAX_CURSOR_LENGTH ? FORM.exec(cursor) : null
  const [, owner, key] = found ?? []
  if (owner !== tag(scope) || key === undefined) return undefined
  const values = key.slice(1).split('.').map(part => Buffer.from(part, 'base64url').toString())
  return values.length === parts ? values : undefined
}

function tag({ workspaceId, kind, hash }: CursorScope): string {
  return createHash('sha256').update(JSON.stringify([workspaceId, kind, hash ?? null])).digest().subarray(0, 16).toString('base64url')
}
