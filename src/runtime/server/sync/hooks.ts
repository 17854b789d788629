import type { Payload } from '../host/contract'
import type { AppliedOp } from './outcome'
import type { SyncedTable } from './tables'
import { pkField } from './tables'

/** What the host's webhook runtime is told of (contract §2.2.4). */
export interface HookEvent {
  readonly name: string
  readonly payload: Payload
}

/** The tables that have hooks, by the name hooks know them under. */
const HOOKED: Partial<Record<SyncedTable, string>> = { threads: 'threads', messages: 'messages', posts: 'documents' }

/** The hook of a change that took effect, or undefined where there is none. `now`: seconds. */
export function hookOf({ op, change }: AppliedOp, context: { workspaceId: string, userId: string | undefined, now: number }): HookEvent | undefined {
  const name = nameOf(op.table, change)
  if (name === undefined) return undefined
  const payload = op.payloadJson === null ? {} : JSON.parse(op.payloadJson) as Payload
  return {
    name,
    payload: {
      [pkField(op.table)]: op.pk,
      ...context.userId === undefined ? {} : { user_id: context.userId },
      updated_at: context.now,
      ...payload,
      // Not of the payload: the host routes the event by it.
      workspace_id: context.workspaceId,
      ...change === 'delete' ? { deleted: true } : {},
    },
  }
}

function nameOf(table: SyncedTable, change: AppliedOp['change']): string | undefined {
  if (table === 'notifications') return change === 'delete' ? undefined : 'notify:action:push'
  const subject = HOOKED[table]
  if (subject === undefined) return undefined
  return change === 'delete' ? `db.${subject}.delete:action:soft:after` : `db.${subject}.${change}:action:after`
}
