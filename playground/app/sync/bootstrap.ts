import { incomingRevisionWins } from '../../shared/sync/revision'
import type { SnapshotItem, SyncTable } from '../../shared/sync/schemas'
import type { LocalStore } from './local-store'
import type { SyncServer } from './transport'

const PAGE = 300

/**
 * Takes all the server has at one version and installs it in one local transaction, then the device pulls
 * on from there (contract §6.2). What the device wrote later than the snapshot stays, and so does what only
 * it has. Returns the version, or undefined where `goOn` said no or the server has no snapshots.
 */
export async function bootstrap(store: LocalStore, server: SyncServer, goOn: () => boolean): Promise<number | undefined> {
  const items: SnapshotItem[] = []
  const seen = new Set<string>()
  let pageToken: string | undefined
  for (;;) {
    const page = await server.snapshot(PAGE, pageToken)
    if (!page || !goOn()) return undefined
    items.push(...page.items)
    if (page.nextPageToken === null) {
      await install(store, items, page.highWatermark)
      return page.highWatermark
    }
    if (seen.has(page.nextPageToken)) throw new Error('The server repeats a page of its snapshot')
    seen.add(page.nextPageToken)
    pageToken = page.nextPageToken
  }
}

async function install(store: LocalStore, items: readonly SnapshotItem[], version: number): Promise<void> {
  await store.transaction('rw', [store.threads, store.messages, store.others, store.revisions, store.state], async () => {
    for (const item of items) {
      const held = await store.revisionOf(item.tableName, item.pk)
      if (!incomingRevisionWins(item.revision, held)) continue
      await store.apply(item.tableName as SyncTable, item.pk, item.kind === 'row' ? item.payload : undefined, item.revision)
    }
    await store.saveCursor(version)
  })
}
