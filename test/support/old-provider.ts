import Database from 'better-sqlite3'

/* A file as the earlier public provider writes it, from the table definitions of the contract's Appendix A. */

const SYNCED = ['threads', 'messages', 'projects', 'posts', 'kv', 'file_meta', 'notifications']

const SCHEMA = `
  CREATE TABLE kysely_migration (name TEXT PRIMARY KEY, timestamp TEXT NOT NULL);
  CREATE TABLE kysely_migration_lock (id TEXT PRIMARY KEY, is_locked INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT, display_name TEXT, active_workspace_id TEXT, created_at INTEGER NOT NULL);
  CREATE TABLE auth_accounts (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, provider TEXT NOT NULL, provider_user_id TEXT NOT NULL, created_at INTEGER NOT NULL, UNIQUE (provider, provider_user_id));
  CREATE TABLE workspaces (id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, owner_user_id TEXT NOT NULL, created_at INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0, deleted_at INTEGER);
  CREATE TABLE workspace_members (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, user_id TEXT NOT NULL, role TEXT NOT NULL, created_at INTEGER NOT NULL, UNIQUE (workspace_id, user_id));
  CREATE TABLE auth_invites (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, email TEXT NOT NULL, role TEXT NOT NULL, status TEXT NOT NULL, invited_by_user_id TEXT NOT NULL, token_hash TEXT NOT NULL,
    expires_at INTEGER NOT NULL, accepted_at INTEGER, accepted_user_id TEXT, revoked_at INTEGER, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
  CREATE TABLE server_version_counter (workspace_id TEXT PRIMARY KEY, value INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE change_log (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, server_version INTEGER NOT NULL, table_name TEXT NOT NULL, pk TEXT NOT NULL, op TEXT NOT NULL, payload_json TEXT,
    clock INTEGER NOT NULL, hlc TEXT, device_id TEXT, op_id TEXT, created_at INTEGER NOT NULL);
  CREATE TABLE device_cursors (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, device_id TEXT NOT NULL, owner_user_id TEXT, last_seen_version INTEGER NOT NULL, updated_at INTEGER NOT NULL);
  CREATE TABLE tombstones (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, table_name TEXT NOT NULL, pk TEXT NOT NULL, deleted_at INTEGER NOT NULL, clock INTEGER NOT NULL, hlc TEXT, op_id TEXT,
    server_version INTEGER NOT NULL, created_at INTEGER NOT NULL);
  ${SYNCED.map(table => `CREATE TABLE s_${table} (id TEXT NOT NULL, workspace_id TEXT NOT NULL, data_json TEXT NOT NULL, clock INTEGER NOT NULL, hlc TEXT, device_id TEXT, op_id TEXT, deleted INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (workspace_id, id));`).join('\n')}
  CREATE TABLE sync_snapshots (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, high_watermark INTEGER NOT NULL, tables_json TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL);
  CREATE TABLE admin_users (user_id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, created_by_user_id TEXT);
  CREATE TABLE admin_workspace_settings (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, updated_at INTEGER NOT NULL);
  CREATE TABLE webhook_registrations (id TEXT PRIMARY KEY, scope TEXT NOT NULL, user_id TEXT, workspace_id TEXT, url TEXT NOT NULL, label TEXT, events TEXT NOT NULL, signing_secret_enc TEXT NOT NULL, enabled INTEGER NOT NULL,
    health TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
  CREATE TABLE webhook_custom_hooks (webhook_id TEXT NOT NULL, hook_name TEXT NOT NULL);
  CREATE TABLE rate_limits (key TEXT PRIMARY KEY, count INTEGER NOT NULL, window_started_at INTEGER NOT NULL, expires_at INTEGER NOT NULL);
`

const T = 1_780_000_000

/** Two users, two workspaces, history with a loser, a delete, rows that the log has lost, and rows from before stamps. Returns what must live. */
export function writeOldDatabase(path: string): { readonly messages: readonly string[], readonly version: number } {
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  database.exec(SCHEMA)
  const insert = (table: string, row: Record<string, unknown>) => {
    const names = Object.keys(row)
    database.prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`).run(...Object.values(row))
  }
  for (let number = 1; number <= 17; number++) insert('kysely_migration', { name: `${String(number).padStart(3, '0')}_${number === 1 ? 'init' : 'more'}`, timestamp: '2026-02-01' })
  for (const [id, email] of [['u-ada', 'Ada@Example.test'], ['u-bob', 'bob@example.test']]) {
    insert('users', { id, email, display_name: id, active_workspace_id: 'w-team', created_at: T })
    insert('auth_accounts', { id: `a-${id}`, user_id: id, provider: 'basic-auth', provider_user_id: `p-${id}`, created_at: T })
  }
  insert('workspaces', { id: 'w-team', name: 'Team', description: 'All of us', owner_user_id: 'u-ada', created_at: T, deleted: 0 })
  insert('workspaces', { id: 'w-gone', name: 'Gone', owner_user_id: 'u-bob', created_at: T, deleted: 1, deleted_at: (T + 5) * 1000 })
  insert('workspace_members', { id: 'm1', workspace_id: 'w-team', user_id: 'u-ada', role: 'owner', created_at: T })
  insert('workspace_members', { id: 'm2', workspace_id: 'w-team', user_id: 'u-bob', role: 'editor', created_at: T + 1 })
  insert('auth_invites', { id: 'i1', workspace_id: 'w-team', email: 'eve@example.test', role: 'viewer', status: 'pending', invited_by_user_id: 'u-ada', token_hash: 'h'.repeat(64), expires_at: T + 9_999_999, created_at: T, updated_at: T })
  insert('admin_users', { user_id: 'u-ada', created_at: T })
  insert('admin_workspace_settings', { id: 's1', workspace_id: 'w-team', key: 'theme', value: 'dark', updated_at: T })
  insert('webhook_registrations', { id: 'wh1', scope: 'admin', url: 'https://example.test/hook', label: 'ours', events: '["message.created"]', signing_secret_enc: 'enc', enabled: 1, health: 'healthy', created_at: T * 1000, updated_at: T * 1000 })
  insert('webhook_custom_hooks', { webhook_id: 'wh1', hook_name: 'my:hook' })
  insert('rate_limits', { key: 'k', count: 1, window_started_at: 1, expires_at: 2 })
  insert('sync_snapshots', { id: 'sn', workspace_id: 'w-team', high_watermark: 1, tables_json: '[]', created_at: T, expires_at: T })

  let version = 0
  const uuid = () => `00000000-0000-4000-8000-${String(version).padStart(12, '0')}`
  const message = (pk: string, clock: number, text: string) => ({ id: pk, thread_id: 't1', role: 'user', index: 0, order_key: 'a', data: { content: text }, deleted: false, created_at: 1, updated_at: 1, clock })
  const log = (table: string, pk: string, op: string, payload: unknown, clock: number, opId: string | null = null) => {
    version += 1
    insert('change_log', { id: `l${version}`, workspace_id: 'w-team', server_version: version, table_name: table, pk, op, payload_json: payload === null ? null : JSON.stringify(payload), clock, hlc: `h${clock}`, device_id: 'd1', op_id: opId ?? uuid(), created_at: T + version })
    return opId ?? uuid()
  }
  const row = (table: string, pk: string, payload: object, clock: number, opId: string | null, deleted = 0) =>
    insert(`s_${table}`, { id: pk, workspace_id: 'w-team', data_json: JSON.stringify(payload), clock, hlc: opId === null ? null : `h${clock}`, device_id: 'd1', op_id: opId, deleted, created_at: T, updated_at: T })

  row('threads', 't1', { id: 't1', title: 'Talk', status: 'ready', pinned: false, deleted: false, created_at: 1, updated_at: 1, clock: 1 }, 1, log('threads', 't1', 'put', { id: 't1', title: 'Talk', status: 'ready', pinned: false, deleted: false, created_at: 1, updated_at: 1, clock: 1 }, 1))
  log('messages', 'm1', 'put', message('m1', 1, 'first'), 1)
  row('messages', 'm1', message('m1', 3, 'second'), 3, log('messages', 'm1', 'put', message('m1', 3, 'second'), 3))
  log('messages', 'm1', 'put', message('m1', 2, 'too late'), 2)
  log('messages', 'm2', 'put', message('m2', 1, 'to be deleted'), 1)
  const deleted = log('messages', 'm2', 'delete', null, 2)
  row('messages', 'm2', message('m2', 1, 'to be deleted'), 2, deleted, 1)
  insert('tombstones', { id: 't-m2', workspace_id: 'w-team', table_name: 'messages', pk: 'm2', deleted_at: T, clock: 2, hlc: 'h2', op_id: deleted, server_version: version, created_at: T })
  row('notifications', 'n1', { id: 'n1', user_id: 'u-bob', type: 't', title: 'his' }, 1, log('notifications', 'n1', 'put', { id: 'n1', user_id: 'u-bob', type: 't', title: 'his' }, 1))
  row('notifications', 'n2', { id: 'n2', user_id: 'u-bob', type: 't', title: 'gone' }, 2, log('notifications', 'n2', 'delete', null, 2), 1)
  // What the old provider's collection took out of the log, and what was there before stamps.
  row('messages', 'm3', message('m3', 1, 'collected'), 1, '11111111-0000-4000-8000-000000000000')
  row('messages', 'm4', message('m4', 1, 'from before stamps'), 1, null)
  insert('tombstones', { id: 't-m5', workspace_id: 'w-team', table_name: 'messages', pk: 'm5', deleted_at: T, clock: 4, hlc: 'h4', op_id: null, server_version: 1, created_at: T })
  insert('server_version_counter', { workspace_id: 'w-team', value: version + 5 })
  insert('device_cursors', { id: 'c1', workspace_id: 'w-team', device_id: 'd1', owner_user_id: 'u-ada', last_seen_version: 3, updated_at: T })
  database.close()
  return { messages: ['m1', 'm3', 'm4'], version: version + 5 }
}
