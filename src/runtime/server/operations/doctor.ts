import { statSync, statfsSync } from 'node:fs'
import type { Engine } from '../engine/engine'
import { prepared } from '../engine/engine'

export interface Finding {
  readonly level: 'ok' | 'warning' | 'error'
  readonly about: string
  readonly message: string
  /** What to do about it. */
  readonly advice?: string
}

const pragmas = prepared<{ journal: string, pages: number, free: number, bytes: number, vacuum: number }>(`
  SELECT (SELECT journal_mode FROM pragma_journal_mode) AS journal, (SELECT page_count FROM pragma_page_count) AS pages,
    (SELECT freelist_count FROM pragma_freelist_count) AS free, (SELECT page_size FROM pragma_page_size) AS bytes,
    (SELECT auto_vacuum FROM pragma_auto_vacuum) AS vacuum`)
const times = prepared<{ newest: number | null, device: number | null, backup: number | null }>(`
  SELECT (SELECT created_at FROM change_log ORDER BY rowid DESC LIMIT 1) AS newest, (SELECT MAX(updated_at) FROM device_cursors) AS device,
    (SELECT done_at_ms FROM chores WHERE name = 'backup') AS backup`)

const DAY_MS = 86_400_000
const LARGE_WAL = 256 * 1024 * 1024

/** Looks at the file and the machine around it. `nowMs`: milliseconds. Throws DatabaseError. */
export async function examineHealth(engine: Engine, path: string, nowMs: number): Promise<Finding[]> {
  return [...fileFindings(path), ...await pragmaFindings(engine), ...await timeFindings(engine, nowMs)]
}

function fileFindings(path: string): Finding[] {
  const { mode, size } = statSync(path)
  const { bavail, bsize } = statfsSync(path)
  const room = bavail * bsize
  const wal = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  return [
    (mode & 0o077) === 0 ? { level: 'ok', about: 'rights', message: 'Only its owner may read the file.' } : { level: 'warning', about: 'rights', message: 'Others may read the file.', advice: 'chmod 600 it; the server does so at its next start.' },
    room > size * 2 ? { level: 'ok', about: 'disk', message: `${mib(room)} are free.` } : { level: 'warning', about: 'disk', message: `${mib(room)} are free, and the file has ${mib(size)}.`, advice: 'A backup, a migration and a vacuum each need as much room as the file. Make some, or collect and vacuum.' },
    wal < LARGE_WAL ? { level: 'ok', about: 'wal', message: `The WAL has ${mib(wal)}.` } : { level: 'warning', about: 'wal', message: `The WAL has ${mib(wal)}.`, advice: 'Some process reads for very long, or was killed. Restart the server.' },
  ]
}

async function pragmaFindings(engine: Engine): Promise<Finding[]> {
  const [row] = await engine.all(pragmas())
  if (!row) return []
  const free = row.free / Math.max(1, row.pages)
  return [
    row.journal === 'wal' || row.journal === 'delete'
      ? { level: 'ok', about: 'journal', message: `The journal mode is ${row.journal}.` }
      : { level: 'warning', about: 'journal', message: `The journal mode is ${row.journal}.`, advice: 'Remove OR3_SQLITE_PRAGMA_JOURNAL_MODE, so that readers do not wait for writers.' },
    row.vacuum === 2 ? { level: 'ok', about: 'vacuum', message: 'Free pages are given back in steps.' } : { level: 'warning', about: 'vacuum', message: 'The file does not shrink by itself.', advice: 'Run "or3-provider-sqlite vacuum" now and then.' },
    free < 0.5 ? { level: 'ok', about: 'pages', message: `${Math.round(free * 100)} % of the pages are free.` } : { level: 'warning', about: 'pages', message: `${Math.round(free * 100)} % of the pages are free.`, advice: 'Run "or3-provider-sqlite vacuum" while the server is stopped.' },
  ]
}

async function timeFindings(engine: Engine, nowMs: number): Promise<Finding[]> {
  const [row] = await engine.all(times())
  const aheadMs = Math.max(row?.newest ?? 0, row?.device ?? 0) * 1000 - nowMs
  const backup = row?.backup ?? null
  return [
    aheadMs < 60_000
      ? { level: 'ok', about: 'clock', message: 'The clock agrees with the log.' }
      : { level: 'error', about: 'clock', message: `The log was written ${Math.round(aheadMs / 1000)} seconds from now: this machine's clock is behind, or was ahead.`, advice: 'Set the clock (timedatectl), and keep it right with NTP.' },
    backup !== null && nowMs >= backup && nowMs - backup < 7 * DAY_MS
      ? { level: 'ok', about: 'backup', message: `The last verified backup is ${Math.floor((nowMs - backup) / DAY_MS)} days old.` }
      : { level: 'warning', about: 'backup', message: backup === null ? 'There has been no backup by this tool.' : `The last verified backup is ${Math.floor((nowMs - backup) / DAY_MS)} days old.`, advice: 'Run "or3-provider-sqlite backup", or set OR3_SQLITE_BACKUP_EVERY_HOURS.' },
  ]
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024).toLocaleString('en')} MiB`
}
