import { expect, it } from 'vitest'
import type { Engine } from '../../src/runtime/server/engine/engine'
import { shareReads } from '../../src/runtime/server/engine/shared-reads'
import { openTestProvider } from '../support/provider'

const count = (otherThan: string) => ({ sql: 'SELECT COUNT(*) AS n FROM users WHERE id <> ?', parameters: [otherThan] })

it('asks once for equal reads that are asked for together, and again afterwards', async () => {
  const { engine, workspaceStore } = await openTestProvider()
  const asked: string[] = []
  const counting: Pick<Engine, 'all'> = {
    all(statement) {
      asked.push(String(statement.parameters[0]))
      return engine.all(statement)
    },
  }
  const shared = shareReads(counting)

  const together = await Promise.all(['a', 'a', 'b', 'a'].map(name => shared.all<{ n: number }>(count(name))))
  expect(together.map(([row]) => row?.n)).toEqual([0, 0, 0, 0])
  expect(asked).toEqual(['a', 'b'])

  await workspaceStore.getOrCreateUser({ provider: 'test', providerUserId: 'ada' })
  expect(await shared.all<{ n: number }>(count('a'))).toEqual([{ n: 1 }])
})

it('hands a failure to everybody who waits and does not keep it', async () => {
  let failing = true
  const { engine } = await openTestProvider()
  const shared = shareReads({ all: statement => failing ? Promise.reject(new Error('no')) : engine.all(statement) })
  const outcomes = await Promise.allSettled([shared.all(count('a')), shared.all(count('a'))])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  failing = false
  expect(await shared.all(count('a'))).toHaveLength(1)
})
