import { defineCommand } from 'citty'
import { collectStats } from '../../runtime/server/operations/stats'
import { collectChangeLog, MAX_RETENTION_SECONDS, MIN_RETENTION_SECONDS, previewCollection } from '../../runtime/server/sync/collect'
import { COMMON, CommandError, runCommand } from '../context'

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 }

export default defineCommand({
  meta: { name: 'gc', description: 'Removes history that no device needs any more' },
  args: {
    ...COMMON,
    'workspace': { type: 'string', description: 'Only this one', valueHint: 'ID' },
    'retention': { type: 'string', description: 'How long history is kept for devices that are away, such as 30d or 12h', default: '365d' },
    'snapshots': { type: 'boolean', description: 'The host has snapshots (August 2026 and later): more may go' },
    'dry-run': { type: 'boolean', description: 'Only say what would go' },
  },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ open, out }) => {
    const retention = { seconds: secondsOf(args.retention), snapshots: args.snapshots === true }
    const engine = open()
    const { workspaces } = await collectStats(engine, args.workspace)
    if (args.workspace !== undefined && workspaces.length === 0) throw new CommandError(`There is no workspace ${args.workspace}.`)
    const now = Date.now()
    const results = []
    for (const [index, { id, slowest }] of workspaces.entries()) {
      const preview = await previewCollection(engine, id, retention, now)
      const removed = args['dry-run'] === true ? undefined : await collectChangeLog(engine, id, retention, now)
      results.push({ workspaceId: id, ...preview, ...removed ? { removed } : {}, slowest })
      out.progress('Collecting', (index + 1) / workspaces.length)
    }
    out.result({ dryRun: args['dry-run'] === true, workspaces: results })
    out.table(['workspace', args['dry-run'] === true ? 'would go' : 'gone', 'KiB', 'held back by'], results.map(({ workspaceId, entries, bytes, removed, slowest }) => [
      workspaceId, removed?.changes ?? entries, Math.ceil(bytes / 1024),
      slowest && slowest.behind > 0 ? `device ${slowest.deviceId}, ${slowest.behind.toLocaleString('en')} versions behind, last seen ${new Date(slowest.seenAt * 1000).toISOString().slice(0, 10)}` : null,
    ]))
    return undefined
  }),
})

function secondsOf(text: string): number {
  const match = /^(\d+)([smhd])?$/.exec(text.trim())
  const seconds = match ? Number(match[1]) * UNITS[(match[2] ?? 's') as keyof typeof UNITS] : Number.NaN
  if (seconds >= MIN_RETENTION_SECONDS && seconds <= MAX_RETENTION_SECONDS) return seconds
  throw new CommandError(`--retention must be from ${MIN_RETENTION_SECONDS / 3600}h to ${MAX_RETENTION_SECONDS / 86_400}d, such as 30d.`)
}
