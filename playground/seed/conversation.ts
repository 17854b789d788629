import { createHash } from 'node:crypto'
import { formatHlc } from '../app/sync/hlc'
import type { PendingOp, SyncTable } from '../shared/sync/schemas'

export interface ConversationMessage {
  /** Unique within the conversation. */
  readonly key: string
  readonly role: 'user' | 'assistant' | 'system' | 'tool'
  readonly content: string
  /** Milliseconds. */
  readonly sentAt: number
}

/** A conversation as a transcript tells it, whatever the transcript's form. */
export interface Conversation {
  /** The same for the same conversation, however often it is read. */
  readonly key: string
  readonly title: string
  readonly messages: readonly ConversationMessage[]
}

/** A transcript that cannot be read, in words for the person who named it. */
export class TranscriptError extends Error {
  override readonly name = 'TranscriptError'
}

/**
 * The writes a client would have made. Ids come from the transcript, so that seeding a file twice sends
 * the same ops again, which the server answers and does not apply.
 */
export function toOps(conversation: Conversation, workspaceId: string): PendingOp[] {
  const threadId = stableId('thread', conversation.key)
  const times = conversation.messages.map(message => message.sentAt)
  const first = Math.min(...times)
  const last = Math.max(...times)
  const thread = {
    id: threadId, title: conversation.title, status: 'ready', pinned: false, forked: false, deleted: false,
    created_at: seconds(first), updated_at: seconds(last), last_message_at: seconds(last), clock: 1,
  }
  return [
    makeOp(workspaceId, 'threads', threadId, thread, first),
    ...conversation.messages.map((message, index) => {
      const id = stableId('message', conversation.key, message.key)
      return makeOp(workspaceId, 'messages', id, {
        id, thread_id: threadId, role: message.role, index, order_key: orderKey(index), data: { content: message.content },
        deleted: false, created_at: seconds(message.sentAt), updated_at: seconds(message.sentAt), clock: 1,
      }, message.sentAt)
    }),
  ]
}

const DEVICE = 'seed0000'

function makeOp(workspaceId: string, tableName: SyncTable, pk: string, payload: object, at: number): PendingOp {
  const opId = stableId('op', workspaceId, tableName, pk)
  const hlc = formatHlc(Math.max(0, Math.floor(at)), 0, DEVICE)
  return { id: opId, tableName, operation: 'put', pk, payload, stamp: { deviceId: DEVICE, opId, hlc, clock: 1 }, createdAt: at, attempts: 0, status: 'pending' }
}

/** Sorts as the messages follow each other. */
function orderKey(index: number): string {
  return `seed-${index.toString().padStart(6, '0')}`
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

/** A UUID that depends on its parts only. */
export function stableId(...parts: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
