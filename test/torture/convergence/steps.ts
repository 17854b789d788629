import fc from 'fast-check'
import type { Step } from './world'

const device = fc.nat(11)
const RETENTIONS = [3600, 86_400, 2_592_000] as const

/** Writes and what moves them often, the rest now and then. */
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({
    kind: fc.constant('write' as const), device, table: fc.nat(4), key: fc.nat(2),
    change: fc.constantFrom('put', 'put', 'put', 'soft-delete', 'delete'), jump: fc.integer({ min: 0, max: 2 }), sameTime: fc.boolean(),
  }) },
  { weight: 6, arbitrary: fc.record({
    kind: fc.constant('push' as const), device, count: fc.integer({ min: 1, max: 6 }),
    trouble: fc.constantFrom('none', 'none', 'answer-lost', 'twice', 'reordered', 'late-retry'),
  }) },
  { weight: 5, arbitrary: fc.record({
    kind: fc.constant('pull' as const), device, limit: fc.integer({ min: 1, max: 5 }), pages: fc.integer({ min: 1, max: 4 }), answerLost: fc.boolean(),
  }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('bootstrap' as const), device, pageSize: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), device, share: fc.constantFrom(0, 0.5, 0.9) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('report' as const), device }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('join' as const), user: fc.nat(2), workspace: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('collect' as const), workspace: fc.nat(1), retentionSeconds: fc.constantFrom(...RETENTIONS) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), hours: fc.constantFrom(0.1, 2, 48, 800) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drift' as const), device, hours: fc.constantFrom(-10_000, -1, 0, 1, 600) }) },
)

export interface Story {
  readonly snapshots: boolean
  readonly workspaces: number
  readonly users: number
  readonly steps: readonly Step[]
}

export const story: fc.Arbitrary<Story> = fc.record({
  snapshots: fc.boolean(),
  workspaces: fc.integer({ min: 1, max: 2 }),
  users: fc.integer({ min: 1, max: 3 }),
  steps: fc.array(step, { minLength: 1, maxLength: 70, size: 'max' }),
})
