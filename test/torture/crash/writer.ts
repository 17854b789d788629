import { closeSync, openSync, writeSync } from 'node:fs'
import { readConfig } from '../../../src/runtime/server/config'
import type { PendingOp } from '../../../src/runtime/server/host/contract'
import { startProvider } from '../../../src/runtime/server/provider'
import { eventOf, hlcAt } from '../../support/ops'
import { messageOp } from '../../support/rows'
import { random } from '../stand'
import { opIdOf } from './journal'

/*
 * A server under load that is going to be killed. Several clients push, and one collects and copies if told
 * so. What it begins and what is acknowledged goes into a journal, which outlives the process.
 */

const [path = '', journalPath = '', life = '0', seed = '0', chores = ''] = process.argv.slice(2)
const CLIENTS = 6
const KEYS = 60
const RETENTION_SECONDS = 3600

async function main(): Promise<void> {
  const journal = openSync(journalPath, 'a')
  const note = (entry: object) => void writeSync(journal, `${JSON.stringify(entry)}\n`)
  // Two hours ahead from life to life, so that there is always something old enough to be collected.
  const clock = { now: () => Date.now() + Number(life) * 2 * RETENTION_SECONDS * 1000 }
  const log = { info: () => {}, warn: (message: string) => note({ warned: message }), error: (message: string) => note({ failed: message }) }
  const provider = startProvider(readConfig({ OR3_SQLITE_DB_PATH: path }), { clock, log, host: { snapshots: true } })
  await provider.started
  note({ up: life })

  const client = async (name: number) => {
    const chance = random(Number(seed) * 100 + name)
    const workspaceId = `w${name % 2}`
    for (let turn = 0; ; turn++) {
      const batch = `${life}-${name}-${turn}`
      const size = 1 + Math.floor(chance() * 20)
      const ops = Array.from({ length: size }, (_, index): PendingOp => {
        const clockOf = Math.floor(chance() * 50)
        return messageOp({
          pk: `k${Math.floor(chance() * KEYS)}`, clock: clockOf, opId: opIdOf(batch, index), deviceId: `c${name}`,
          hlc: hlcAt(Math.floor(chance() * 1e6)), text: batch, operation: chance() < 0.1 ? 'delete' : 'put',
        })
      })
      note({ begin: batch, workspaceId, size })
      const { results } = await provider.syncGateway.push(eventOf(`u${name}`, workspaceId), { scope: { workspaceId }, ops })
      note({ acknowledged: batch, workspaceId, versions: results.map(result => result.serverVersion) })
    }
  }
  const collect = async () => {
    for (;;) await provider.syncGateway.gcChangeLog({}, { scope: { workspaceId: 'w0' }, retentionSeconds: RETENTION_SECONDS })
  }
  const copy = async () => {
    for (let turn = 0; ; turn++) {
      const name = `${life}-${turn}`
      note({ copying: name })
      await provider.engine.backup(`${path}.copy-${name}`)
      note({ copied: name })
    }
  }
  await Promise.all([...Array.from({ length: CLIENTS }, (_, name) => client(name)), ...chores === 'chores' ? [collect(), copy()] : []])
  closeSync(journal)
}

void main()
