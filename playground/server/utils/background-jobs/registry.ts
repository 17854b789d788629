export interface BackgroundJob {
  id: string
  userId: string
  threadId: string
  messageId: string
  status: 'streaming' | 'complete' | 'error' | 'aborted'
  content: string
  error?: string
  execution?: { workspaceId: string, body: { prompt: string } }
}

/** What the playground uses of it (contract §2.6). */
export interface BackgroundJobProvider {
  name: string
  createJob(params: { userId: string, threadId: string, messageId: string, model: string, idempotencyKey?: string, execution?: unknown }): Promise<string>
  getJob(id: string, userId: string): Promise<BackgroundJob | null>
  updateJob(id: string, update: { contentChunk?: string, chunksReceived?: number, leaseOwner?: string }): Promise<void>
  completeJob(id: string, finalContent: string, leaseOwner?: string): Promise<void>
  failJob(id: string, error: string, leaseOwner?: string): Promise<void>
  abortJob(id: string, userId: string): Promise<boolean>
  checkJobAborted?(id: string): Promise<boolean>
  cleanupExpired(): Promise<number>
  claimNextJob?(owner: string, now: number, leaseExpiresAt: number): Promise<BackgroundJob | null>
}

const instances = new Map<string, BackgroundJobProvider>()

export function registerBackgroundJobProvider(id: string, instance: BackgroundJobProvider): void {
  instances.set(id, instance)
}

export function getBackgroundJobProviderById(id: string): BackgroundJobProvider | null {
  return instances.get(id) ?? null
}
