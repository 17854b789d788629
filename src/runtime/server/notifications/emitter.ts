import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock'
import type { PendingOp } from '../host/contract'
import type { NotificationEmitter } from '../host/jobs-contract'
import { fields, prose, text, whole, withShapes } from '../host/shapes'
import type { Notice } from './notice'
import { jobComplete, jobError, toOp, webhookFailed } from './notice'

const JOB = { workspaceId: text, userId: text, threadId: text, jobId: text }
const SHAPES = {
  emitBackgroundJobComplete: { ...JOB, messageId: text.nullish() },
  emitBackgroundJobError: { ...JOB, error: prose },
  emitWebhookDeliveryFailed: { failure: fields({ webhookId: text, workspaceId: text, userId: text, eventType: text, attempt: whole, error: prose }) },
}

export interface EmitterOptions {
  readonly clock: Clock
  /** Pushes the op as this user. False where the user may no longer see the workspace, which writes nothing. */
  readonly deliver: (op: PendingOp, to: { workspaceId: string, userId: string }) => Promise<boolean>
}

/**
 * What the server itself tells a user (contract §2.9). It goes the way of every other write, so all of the
 * user's devices pull it. Answers the notification's id, or null where nobody is there to be told.
 */
export function createNotificationEmitter({ clock, deliver }: EmitterOptions): NotificationEmitter {
  const emit = async (workspaceId: string, userId: string, notice: Notice) => {
    const op = toOp(notice, { id: randomUUID(), opId: randomUUID(), userId, nowMs: clock.now() })
    return await deliver(op, { workspaceId, userId }) ? op.pk : null
  }
  return withShapes<NotificationEmitter>({
    emitBackgroundJobComplete: (workspaceId, userId, threadId, jobId, messageId) => emit(workspaceId, userId, jobComplete(threadId, jobId, messageId)),
    emitBackgroundJobError: (workspaceId, userId, threadId, jobId, error) => emit(workspaceId, userId, jobError(threadId, jobId, error)),
    emitWebhookDeliveryFailed: ({ workspaceId, userId, ...failure }) => emit(workspaceId, userId, webhookFailed(failure)),
  }, SHAPES)
}
