import { compile, query } from '../database/builder'
import type { Engine, Plan, Reading } from '../engine/engine'
import { ask } from '../engine/engine'
import { requireWorkspace } from '../workspaces/directory'

export interface SettingKey {
  readonly workspaceId: string
  readonly key: string
}

export async function getSetting(engine: Engine, setting: SettingKey): Promise<string | null> {
  const [row] = await engine.all(stored(setting))
  return row?.value ?? null
}

/** Throws WorkspaceRefusedError. `nowMs`: milliseconds. */
export async function setSetting(engine: Engine, setting: SettingKey, value: string, nowMs: number): Promise<void> {
  await change(engine, setting, value, nowMs, () => true)
}

/**
 * Writes only while the value is `expected`, null meaning that there is none; tells whether it did, so that
 * two admins who read the same list do not undo each other. Throws WorkspaceRefusedError.
 */
export async function compareAndSetSetting(engine: Engine, setting: SettingKey, expected: string | null, value: string, nowMs: number): Promise<boolean> {
  return change(engine, setting, value, nowMs, current => current === expected)
}

async function change(engine: Engine, setting: SettingKey, value: string, nowMs: number, allowed: (current: string | null) => boolean): Promise<boolean> {
  return engine.write(function* (): Reading<Plan<boolean>> {
    yield* requireWorkspace(setting.workspaceId)
    const [row] = yield* ask(stored(setting))
    if (!allowed(row?.value ?? null)) return { writes: [], result: false }
    return {
      writes: [compile(query.insertInto('workspace_settings')
        .values({ workspace_id: setting.workspaceId, key: setting.key, value, updated_at_ms: nowMs })
        .onConflict(conflict => conflict.columns(['workspace_id', 'key']).doUpdateSet({ value, updated_at_ms: nowMs })))],
      result: true,
    }
  })
}

function stored({ workspaceId, key }: SettingKey) {
  return compile(query.selectFrom('workspace_settings').select('value').where('workspace_id', '=', workspaceId).where('key', '=', key))
}
