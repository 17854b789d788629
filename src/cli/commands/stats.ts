import { statSync } from 'node:fs'
import { defineCommand } from 'citty'
import { collectStats, listDevices } from '../../runtime/server/operations/stats'
import { COMMON, runCommand } from '../context'

export default defineCommand({
  meta: { name: 'stats', description: 'What is in the database, workspace by workspace' },
  args: { ...COMMON, workspace: { type: 'string', description: 'Only this one, with its devices', valueHint: 'ID' } },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ config, open, out }) => {
    const engine = open()
    const stats = await collectStats(engine, args.workspace)
    const deviceList = args.workspace === undefined ? undefined : await listDevices(engine, args.workspace)
    const wal = statSync(`${config.path}-wal`, { throwIfNoEntry: false })?.size ?? 0
    out.result({ ...stats, ...deviceList ? { deviceList } : {}, fileBytes: stats.pages * stats.pageBytes, walBytes: wal })
    out.table(
      ['workspace', 'name', 'version', 'rows', 'deleted', 'log', 'receipts', 'KiB', 'oldest', 'devices', 'furthest behind'],
      stats.workspaces.map(({ id, name, deleted, version, rows, tombstones, entries, receipts, bytes, oldestVersion, devices, slowest }) => [
        id, deleted ? `${name} (removed)` : name, version, rows, tombstones, entries, receipts, Math.ceil(bytes / 1024), oldestVersion, devices,
        slowest && slowest.behind > 0 ? `${slowest.deviceId}: ${slowest.behind.toLocaleString('en')}, seen ${new Date(slowest.seenAt * 1000).toISOString().slice(0, 10)}` : null,
      ]),
    )
    out.line()
    if (deviceList) {
      out.table(['device', 'user', 'cursor', 'behind', 'last seen'], deviceList.map(device => [device.deviceId, device.userId, device.cursor, device.behind, new Date(device.seenAt * 1000).toISOString().slice(0, 16)]))
      out.line()
    }
    out.line(`${stats.users} users, ${stats.workspaces.length} workspaces. File ${mib(stats.pages * stats.pageBytes)}, of which ${mib(stats.freePages * stats.pageBytes)} are free; WAL ${mib(wal)}.`)
    out.line(stats.lastBackupMs === null ? 'No backup was made with this tool.' : `Last verified backup: ${new Date(stats.lastBackupMs).toISOString()}.`)
    return undefined
  }),
})

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}
