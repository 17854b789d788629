import type { PendingOp } from '../../src/runtime/server/host/contract'
import { op } from './ops'
import type { OpInput } from './ops'

/** A message op that passes the host's own schemas. */
export function messageOp(input: OpInput & { text?: string } = {}): PendingOp {
  const { pk = 'm1', clock = 1, text = 'hello' } = input
  const payload = { id: pk, thread_id: 't1', role: 'user', index: 0, order_key: 'a', data: { content: text }, deleted: false, created_at: 1, updated_at: 1, clock }
  return op({ ...input, pk, clock, ...'payload' in input || input.operation === 'delete' ? {} : { payload } })
}

export function threadOp(input: OpInput & { title?: string } = {}): PendingOp {
  const { pk = 't1', clock = 1, title = 'Talk' } = input
  const payload = { id: pk, title, status: 'ready', pinned: false, deleted: false, created_at: 1, updated_at: 1, clock }
  return op({ ...input, table: 'threads', pk, clock, ...'payload' in input || input.operation === 'delete' ? {} : { payload } })
}
