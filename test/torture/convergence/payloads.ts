import type { Payload } from '../../../src/runtime/server/host/contract'

export const TABLES = ['messages', 'threads', 'kv', 'notifications', 'file_meta'] as const

export interface PayloadInput {
  readonly pk: string
  readonly clock: number
  readonly text: string
  readonly userId: string
  readonly deleted: boolean
}

/** A payload that the host's own schemas take. */
export function payloadFor(table: string, { pk, clock, text, userId, deleted }: PayloadInput): Payload {
  const times = { created_at: 1, updated_at: 1, clock }
  switch (table) {
    case 'messages': return { id: pk, thread_id: 't1', role: 'user', index: 0, order_key: 'a', data: { content: text }, deleted, ...times }
    case 'threads': return { id: pk, title: text, status: 'ready', pinned: false, deleted, ...times }
    case 'kv': return { id: pk, name: pk, value: text, deleted, ...times }
    case 'notifications': return { id: pk, user_id: userId, type: 'test', title: text, deleted, ...times }
    default: return { hash: pk, name: text, mime_type: 'text/plain', kind: 'image', size_bytes: 1, ref_count: 1, deleted, ...times }
  }
}
