import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { eventOf, foldChanges, pullAll } from '../support/ops'
import { openTestProvider, temporaryFolder } from '../support/provider'
import { count } from '../support/sql'
import { startWorker } from '../support/start-worker'

const WORKER = 'test/process/worker.ts'

interface Report {
  userId: string
  workspaceId: string
  versions: number[]
  errors: string[]
  seen: number[]
}

describe('several processes on one file', () => {
  it('start together on no file at all, make one user and one workspace, lose no version and meet no busy error', async () => {
    const path = join(await temporaryFolder(), 'data', 'shared.sqlite')
    const rounds = 60
    const names = ['p1', 'p2', 'p3', 'p4']
    const workers = names.map(name => startWorker<Report>(WORKER, path, name, String(rounds)))
    for (const times of [1, 2]) {
      await Promise.all(workers.map(worker => worker.ready(times)))
      for (const worker of workers) worker.go()
    }
    const reports = await Promise.all(workers.map(worker => worker.report))

    expect(reports.flatMap(report => report.errors)).toEqual([])
    expect(new Set(reports.map(report => report.userId)).size).toBe(1)
    expect(new Set(reports.map(report => report.workspaceId)).size).toBe(1)

    const total = names.length * rounds * 6
    const versions = reports.flatMap(report => report.versions).sort((a, b) => a - b)
    expect(versions).toEqual(Array.from({ length: total }, (_, index) => index + 1))
    // They really were at it at the same time: nobody began after another had ended.
    const spans = reports.map(report => [Math.min(...report.versions), Math.max(...report.versions)] as const)
    for (const [first] of spans) for (const [, last] of spans) expect(first).toBeLessThan(last)
    for (const { seen } of reports) expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => index + 1))

    const { syncGateway, engine } = await openTestProvider({ path })
    const { changes } = await pullAll(syncGateway, eventOf('p1', 'shared'), 'shared')
    expect(changes.map(change => change.serverVersion)).toEqual(Array.from({ length: total }, (_, index) => index + 1))
    expect(foldChanges(changes).size).toBe(names.length * rounds * 5 + 1)
    expect(await count(engine, 's_messages')).toBe(names.length * rounds * 5 + 1)
    const contended = await engine.all<{ payload_json: string }>({ sql: 'SELECT payload_json FROM s_messages WHERE pk = \'contended\'', parameters: [] })
    expect(JSON.parse(contended[0]?.payload_json ?? 'null')).toEqual(foldChanges(changes).get('messages/contended'))
    expect([await count(engine, 'users'), await count(engine, 'workspaces'), await count(engine, 'workspace_members')]).toEqual([1, 1, 1])
    expect(await engine.check()).toEqual([])
  })

  it('migrate together without a fault, again and again', async () => {
    const folder = await temporaryFolder()
    for (let round = 0; round < 5; round++) {
      const path = join(folder, `${round}.sqlite`)
      const reports = await Promise.all(['a', 'b', 'c', 'd'].map(name => startWorker<Report>(WORKER, path, name, '0', 'start').report))
      expect(new Set(reports.map(report => report.workspaceId)).size).toBe(1)
    }
  })
})
