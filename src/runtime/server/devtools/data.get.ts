import { defineEventHandler } from 'h3'
import { recentChanges } from '../operations/changes'
import { collectStats } from '../operations/stats'
import { openedProvider } from './opened'

const CHANGES = 60

/** What the tab shows. In development only. */
export default defineEventHandler(async (event) => {
  const { engine, adminAdapter } = openedProvider()
  const status = await adminAdapter.getStatus(event, { enabled: true, provider: 'sqlite' })
  if (status.warnings.some(({ level }) => level === 'error')) return { status, stats: null, changes: [] }
  return { status, stats: await collectStats(engine), changes: await recentChanges(engine, CHANGES) }
})
