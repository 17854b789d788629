import type { SnapshotItem, SyncGatewayAdapter } from '../../src/runtime/server/host/contract'

/** Every page of a bootstrap, to its end. `between` runs before each next page. */
export async function bootstrap(gateway: SyncGatewayAdapter, event: object, workspaceId: string, options: { pageSize?: number, pageToken?: string, tables?: string[], between?: () => Promise<unknown> } = {}) {
  const items: SnapshotItem[] = []
  const tokens: string[] = []
  let pages = 0
  let { pageToken } = options
  for (;;) {
    const page = await gateway.snapshot(event, {
      scope: { workspaceId }, pageSize: options.pageSize ?? 1000,
      ...pageToken === undefined ? {} : { pageToken }, ...options.tables ? { tables: options.tables } : {},
    })
    items.push(...page.items)
    pages += 1
    if (page.nextPageToken === null) return { items, tokens, pages, watermark: page.highWatermark, snapshotId: page.snapshotId }
    tokens.push(page.nextPageToken)
    pageToken = page.nextPageToken
    await options.between?.()
  }
}

/** What a bootstrap brings, by key: a live row's text, or null for a deleted one. */
export function stateOf(items: readonly SnapshotItem[]): Record<string, unknown> {
  return Object.fromEntries(items.map(item => [`${item.tableName}/${item.pk}`, item.kind === 'row' ? item.payload.data ?? item.payload.title ?? item.payload.name : null]))
}
