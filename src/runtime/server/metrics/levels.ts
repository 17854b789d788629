import { stat } from 'node:fs/promises'
import type { Clock } from '../clock'
import type { Engine } from '../engine/engine'
import { prepared } from '../engine/engine'
import type { Levels } from './prometheus'

const sizes = prepared<{ pages: number, free: number, bytes: number, backup: number | null }>(`
  SELECT (SELECT page_count FROM pragma_page_count) AS pages, (SELECT freelist_count FROM pragma_freelist_count) AS free,
    (SELECT page_size FROM pragma_page_size) AS bytes, (SELECT done_at_ms FROM chores WHERE name = 'backup') AS backup`)

/** Sizes of the file as they are now. Throws DatabaseError. */
export async function readLevels(engine: Engine, path: string, clock: Clock): Promise<Levels> {
  const [row] = await engine.all(sizes())
  const wal = await stat(`${path}-wal`).then(({ size }) => size, () => 0)
  const bytes = row?.bytes ?? 0
  const backup = row?.backup ?? null
  return {
    walBytes: wal,
    fileBytes: (row?.pages ?? 0) * bytes,
    freeBytes: (row?.free ?? 0) * bytes,
    backupAgeSeconds: backup === null ? undefined : Math.max(0, Math.floor((clock.now() - backup) / 1000)),
  }
}
