/** Contract §2.5. */
export interface RateLimitProvider {
  name: string
  checkAndRecord(key: string, config: { windowMs: number, maxRequests: number }): Promise<{ allowed: boolean, remaining: number, retryAfterMs?: number }>
}

const instances = new Map<string, RateLimitProvider>()

export function registerRateLimitProvider(id: string, instance: RateLimitProvider): void {
  instances.set(id, instance)
}

export function getRateLimitProviderById(id: string): RateLimitProvider | null {
  return instances.get(id) ?? null
}
