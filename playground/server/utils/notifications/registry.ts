/** Contract §2.9. */
export interface NotificationEmitter {
  emitBackgroundJobComplete(workspaceId: string, userId: string, threadId: string, jobId: string, messageId?: string): Promise<string | null>
  emitBackgroundJobError(workspaceId: string, userId: string, threadId: string, jobId: string, error: string): Promise<string | null>
}

const instances = new Map<string, NotificationEmitter>()

export function registerNotificationEmitter(id: string, instance: NotificationEmitter): void {
  instances.set(id, instance)
}

export function getNotificationEmitterById(id: string): NotificationEmitter | null {
  return instances.get(id) ?? null
}
