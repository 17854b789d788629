import type { PendingOp } from '../host/contract'

/** What a notification says, before it is addressed. */
export interface Notice {
  readonly type: string
  readonly title: string
  readonly body: string
  readonly threadId: string | undefined
  readonly data: Readonly<Record<string, unknown>>
}

const MAX_ERROR_LENGTH = 300
/** Stands where a client has its own id. */
const SERVER_DEVICE = 'server'
const SERVER_NODE = 'server00'

export function jobComplete(threadId: string, jobId: string, messageId: string | undefined): Notice {
  return {
    type: 'ai.message.received', title: 'AI response ready', body: 'Your background response is ready.', threadId,
    data: { jobId, ...messageId === undefined ? {} : { messageId } },
  }
}

export function jobError(threadId: string, jobId: string, error: string): Notice {
  return { type: 'ai.background.error', title: 'Background response failed', body: shorten(error), threadId, data: { jobId } }
}

export function webhookFailed(failure: { webhookId: string, eventType: string, attempt: number, error: string }): Notice {
  const { webhookId, eventType, attempt, error } = failure
  return {
    type: 'webhook.delivery.failed', title: 'Webhook delivery failed', threadId: undefined,
    body: shorten(`${eventType} after ${attempt} ${attempt === 1 ? 'attempt' : 'attempts'}: ${error}`), data: { webhookId, eventType },
  }
}

/**
 * The notice as an op that passes every check a client's would: a fresh row, a valid stamp of the server's
 * own. `nowMs`: milliseconds; payload times are seconds, as clients write them.
 */
export function toOp(notice: Notice, { id, opId, userId, nowMs }: { id: string, opId: string, userId: string, nowMs: number }): PendingOp {
  const now = Math.floor(nowMs / 1000)
  const { threadId } = notice
  return {
    id: opId,
    tableName: 'notifications',
    operation: 'put',
    pk: id,
    payload: {
      id,
      user_id: userId,
      type: notice.type,
      title: notice.title,
      body: notice.body,
      ...threadId === undefined ? {} : { thread_id: threadId },
      actions: threadId === undefined ? [] : [{ id: `open-${id}`, label: 'Open chat', kind: 'navigate', target: { threadId }, data: notice.data }],
      deleted: false,
      created_at: now,
      updated_at: now,
      clock: 1,
    },
    stamp: { deviceId: SERVER_DEVICE, opId, hlc: `${nowMs.toString(36).padStart(9, '0')}:000:${SERVER_NODE}`, clock: 1 },
    createdAt: nowMs,
    attempts: 0,
    status: 'pending',
  }
}

function shorten(text: string): string {
  return text.length <= MAX_ERROR_LENGTH ? text : `${text.slice(0, MAX_ERROR_LENGTH - 1)}…`
}
