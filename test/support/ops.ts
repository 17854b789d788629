import { randomUUID } from 'node:crypto'
import type { PendingOp, PushOpResult, SyncGatewayAdapter } from '../../src/runtime/server/host/contract'

/** An event as the host passes it for a signed-in user. */
export function eventOf(userId: string, workspaceId: string): object {
  return { context: { __or3_request_id: 'r1', [`__or3_session_context_r1_demo`]: { authenticated: true, user: { id: userId }, workspace: { id: workspaceId }, role: 'owner' } } }
}

export interface OpInput {
  table?: string
  operation?: 'put' | 'delete'
  pk?: string
  payload?: unknown
  clock?: number
  hlc?: string
  opId?: string
  deviceId?: string
}

/** An hlc of the client's form. */
export function hlcAt(ms: number, counter = 0, node = 'device-a'): string {
  return `${ms.toString(36).padStart(9, '0')}:${counter.toString(36).padStart(3, '0')}:${node}`
}

const START = Date.UTC(2026, 6, 1)

/** An op as the client sends it; a message put unless told otherwise. */
export function op(input: OpInput = {}): PendingOp {
  const { table = 'messages', operation = 'put', pk = 'm1', clock = 1, opId = randomUUID(), deviceId = 'device-a' } = input
  const field = table === 'file_meta' ? 'hash' : 'id'
  const payload = 'payload' in input ? input.payload : operation === 'put' ? { [field]: pk, text: `clock ${clock}`, deleted: false, clock } : { [field]: pk, deleted: true, deleted_at: 1 }
  return {
    id: randomUUID(),
    tableName: table,
    operation,
    pk,
    ...payload === undefined ? {} : { payload },
    stamp: { deviceId, opId, hlc: input.hlc ?? hlcAt(START + clock), clock },
    createdAt: START,
    attempts: 0,
    status: 'pending',
  }
}

/** Pushes ops and returns their results and the workspace's version. */
export async function pushAs(gateway: SyncGatewayAdapter, event: object, workspaceId: string, ...ops: PendingOp[]): Promise<{ results: PushOpResult[], serverVersion: number }> {
  return gateway.push(event, { scope: { workspaceId }, ops })
}

/** Everything a device gets that pulls from `cursor` to the end. */
export async function pullAll(gateway: SyncGatewayAdapter, event: object, workspaceId: string, options: { cursor?: number, limit?: number, tables?: string[] } = {}) {
  let cursor = options.cursor ?? 0
  const changes = []
  for (;;) {
    const page = await gateway.pull(event, { scope: { workspaceId }, cursor, limit: options.limit ?? 300, ...options.tables ? { tables: options.tables } : {} })
    changes.push(...page.changes)
    cursor = page.nextCursor
    if (!page.hasMore) return { changes, cursor }
  }
}

/** The rows a device ends with: the fold of what it pulled, by the contract's own order. */
export function foldChanges(changes: Awaited<ReturnType<typeof pullAll>>['changes']): Map<string, unknown> {
  const rows = new Map<string, { stamp: { clock: number, hlc: string, opId: string }, value: unknown }>()
  for (const change of changes) {
    const key = `${change.tableName}/${change.pk}`
    const current = rows.get(key)?.stamp
    const { clock, hlc, opId } = change.stamp
    if (current && (clock < current.clock || (clock === current.clock && (hlc < current.hlc || (hlc === current.hlc && opId <= current.opId))))) continue
    rows.set(key, { stamp: change.stamp, value: change.op === 'delete' || change.payload?.deleted === true ? undefined : change.payload })
  }
  return new Map([...rows].filter(([, row]) => row.value !== undefined).map(([key, row]) => [key, row.value]))
}

/** The revision an op stands for. */
export function revisionOf({ stamp: { clock, hlc, opId } }: PendingOp): { clock: number, hlc: string, opId: string } {
  return { clock, hlc, opId }
}
