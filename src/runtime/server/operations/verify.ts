import type { Engine, SqlValue, Statement } from '../engine/engine'
import { prepared } from '../engine/engine'
import { DatabaseError } from '../engine/errors'
import type { Check } from './checks'
import { CHECKS } from './checks'

/** Something that must not be. `workspaceId` and `subject` say where. */
export interface Fault {
  readonly check: string
  readonly message: string
  readonly workspaceId: string | null
  /** A row, a version or a device. */
  readonly subject: string | null
  readonly repairable: boolean
}

interface Finding { readonly workspace_id: string | null, readonly subject: string | null }

export interface Verified {
  readonly faults: readonly Fault[]
  /** Faults of each check that were found; the list names the first of them only. */
  readonly found: number
}

/** Of one kind of fault the first so many are named. */
const NAMED = 20

/** SQLite's own checks of the file, then ours of what is in it. Throws DatabaseError. */
export async function verify(engine: Engine, onProgress?: (share: number) => void): Promise<Verified> {
  const faults: Fault[] = (await engine.check()).map(message => ({ check: 'file', message: message.replaceAll('\n', '; '), workspaceId: null, subject: null, repairable: false }))
  let found = faults.length
  for (const [index, check] of CHECKS.entries()) {
    const rows = await findingsOf(engine, check)
    if (!rows) {
      found += 1
      faults.push({ check: check.name, message: 'The file is too damaged to look.', workspaceId: null, subject: null, repairable: false })
      continue
    }
    found += rows[0]?.total ?? 0
    faults.push(...rows.map(row => ({ check: check.name, message: check.message, workspaceId: row.workspace_id, subject: row.subject, repairable: check.repair !== undefined })))
    onProgress?.((index + 1) / CHECKS.length)
  }
  return { faults, found }
}

/** Undefined where the damage of the file stands in the way. */
async function findingsOf(engine: Engine, check: Check): Promise<(Finding & { readonly total: number })[] | undefined> {
  try {
    return await engine.all(statementOf<Finding & { total: number }>(`SELECT workspace_id, subject, COUNT(*) OVER () AS total FROM (${check.sql}) LIMIT ${NAMED}`))
  }
  catch (error) {
    if (error instanceof DatabaseError && error.fault === 'corrupt') return undefined
    throw error
  }
}

/** Mends what can be mended without loss, all in one transaction. Throws DatabaseError. */
export async function repair(engine: Engine): Promise<void> {
  await engine.batch(CHECKS.flatMap(check => check.repair ?? []).map(sql => statementOf(sql)))
}

function statementOf<Row>(sql: string, ...parameters: SqlValue[]): Statement<Row> {
  return prepared<Row>(sql)(...parameters)
}
