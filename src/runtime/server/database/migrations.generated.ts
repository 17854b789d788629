// Written by scripts/embed-migrations.mjs from migrations/sqlite. Do not edit.

export interface EmbeddedMigration {
  readonly name: string
  /** SHA-256 of the up script, kept in the ledger so that an edited past migration is noticed. */
  readonly checksum: string
  readonly up: string
  readonly down: string
}

export const MIGRATIONS: readonly EmbeddedMigration[] = [
  {
    name: '001_init',
    checksum: '4dde95863574bea4992e6754a67553edda187134d9441d338b7490b7fbc7ddfb',
    up: `-- Who the users are and which workspaces they belong to.
-- Times end in _ms where they are milliseconds since the epoch.

-- "OR3S": how a file of ours is told from another program's.
PRAGMA application_id = 1330787155;

CREATE TABLE users (
  id TEXT NOT NULL PRIMARY KEY,
  email TEXT,
  display_name TEXT,
  active_workspace_id TEXT REFERENCES workspaces (id),
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Re-homing everybody whose active workspace was removed.
CREATE INDEX users_by_active_workspace ON users (active_workspace_id)
  WHERE active_workspace_id IS NOT NULL;

CREATE TABLE auth_accounts (
  provider TEXT NOT NULL,
  provider_user_id TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id),
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (provider, provider_user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE workspaces (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  description TEXT,
  created_at_ms INTEGER NOT NULL,
  deleted_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE workspace_members (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  role TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, user_id)
) STRICT, WITHOUT ROWID;

-- A user's workspaces, earliest membership first.
CREATE INDEX workspace_members_by_user
  ON workspace_members (user_id, created_at_ms, workspace_id, role);
`,
    down: `DROP TABLE workspace_members;
DROP TABLE auth_accounts;
DROP TABLE users;
DROP TABLE workspaces;
PRAGMA application_id = 0;
`,
  },
  {
    name: '002_sync_tables',
    checksum: '7c8b80bd8239b311e838228949fccd6870c5c16ffb20b1cd8fb24347c0aa8b1d',
    up: `-- How every device's offline writes meet. Times are seconds since the epoch.
-- Every key starts with the workspace: two workspaces may use the same pk or op id (traps S1, S3).
-- A revision is (clock, hlc, op_id). hlc is stored so that SQLite's byte order is JavaScript's
-- string order (src/runtime/server/sync/revision.ts).

-- The highest version handed out, and the highest whose state-bearing history was collected.
CREATE TABLE server_version_counter (
  workspace_id TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL CHECK (value >= 0),
  log_floor INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- One row for each time the file was found to have lost its tail or to be an older copy:
-- versions at or below version_floor may have been seen by a device and are never used again.
CREATE TABLE lineages (
  id TEXT NOT NULL PRIMARY KEY,
  reason TEXT NOT NULL,
  version_floor INTEGER NOT NULL,
  started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every accepted op, losers of the last-write-wins order too.
-- deleted: the op removes the row, as a delete or as a put whose payload says deleted (trap S7).
-- owner_user_id: the only user who may see the op; set for notifications (trap S8).
CREATE TABLE change_log (
  workspace_id TEXT NOT NULL,
  server_version INTEGER NOT NULL,
  table_name TEXT NOT NULL,
  pk TEXT NOT NULL,
  op TEXT NOT NULL CHECK (op IN ('put', 'delete')),
  deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
  payload_json TEXT,
  clock INTEGER NOT NULL,
  hlc TEXT NOT NULL,
  op_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  owner_user_id TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, server_version),
  UNIQUE (workspace_id, op_id)
) STRICT;

-- What stays of a collected log entry, so that a late retry is still recognised (trap S4).
-- fingerprint: SHA-256 of the op as accepted.
CREATE TABLE op_receipts (
  workspace_id TEXT NOT NULL,
  op_id TEXT NOT NULL,
  server_version INTEGER NOT NULL,
  fingerprint BLOB NOT NULL,
  collected_at INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, op_id)
) STRICT, WITHOUT ROWID;

-- Which receipts are past their time.
CREATE INDEX op_receipts_by_age ON op_receipts (workspace_id, collected_at);

-- Keyed by user too: one browser's device id is shared by everybody who signs in there (trap S18).
CREATE TABLE device_cursors (
  workspace_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  last_seen_version INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, user_id, device_id)
) STRICT, WITHOUT ROWID;

-- A key is either live in its s_ table or deleted here, never both.
-- Its payload is that of the change_log entry at server_version.
CREATE TABLE tombstones (
  workspace_id TEXT NOT NULL,
  table_name TEXT NOT NULL,
  pk TEXT NOT NULL,
  clock INTEGER NOT NULL,
  hlc TEXT NOT NULL,
  op_id TEXT NOT NULL,
  server_version INTEGER NOT NULL,
  owner_user_id TEXT,
  deleted_at INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, table_name, pk)
) STRICT, WITHOUT ROWID;

-- The live rows: the winning put of each key.
CREATE TABLE s_threads (
  workspace_id TEXT NOT NULL,
  pk TEXT NOT NULL,
  payload_json TEXT NOT NULL,
  clock INTEGER NOT NULL,
  hlc TEXT NOT NULL,
  op_id TEXT NOT NULL,
  server_version INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, pk)
) STRICT;

CREATE TABLE s_messages (
  workspace_id TEXT NOT NULL,
  pk TEXT NOT NULL,
  payload_json TEXT NOT NULL,
  clock INTEGER NOT NULL,
  hlc TEXT NOT NULL,
  op_id TEXT NOT NULL,
  server_version INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, pk)
) STRICT;

CREATE TABLE s_projects (
  workspace_id TEXT NOT NULL,
  pk TEXT NOT NULL,
  payload_json TEXT NOT NULL,
  clock INTEGER NOT NULL,
  hlc TEXT NOT NULL,
  op_id TEXT NOT NULL,
  server_version INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, pk)
) STRICT;

CREATE TABLE s_posts (
  workspace_id TEXT NOT NULL,
  pk TEXT NOT NULL,
  payload_json TEXT NOT NULL,
  clock INTEGER NOT NULL,
  hlc TEXT NOT NULL,
  op_id TEXT NOT NULL,
  server_version INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, pk)
) STRICT;

CREATE TABLE s_kv (
  workspace_id TEXT NOT NULL,
  pk TEXT NOT NULL,
  payload_json TEXT NOT NULL,
  clock INTEGER NOT NULL,
  hlc TEXT NOT NULL,
  op_id TEXT NOT NULL,
  server_version INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, pk)
) STRICT;

CREATE TABLE s_file_meta (
  workspace_id TEXT NOT NULL,
  pk TEXT NOT NULL,
  payload_json TEXT NOT NULL,
  clock INTEGER NOT NULL,
  hlc TEXT NOT NULL,
  op_id TEXT NOT NULL,
  server_version INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, pk)
) STRICT;

CREATE TABLE s_notifications (
  workspace_id TEXT NOT NULL,
  pk TEXT NOT NULL,
  payload_json TEXT NOT NULL,
  clock INTEGER NOT NULL,
  hlc TEXT NOT NULL,
  op_id TEXT NOT NULL,
  server_version INTEGER NOT NULL,
  owner_user_id TEXT NOT NULL,
  PRIMARY KEY (workspace_id, pk)
) STRICT;
`,
    down: `DROP TABLE s_notifications;
DROP TABLE s_file_meta;
DROP TABLE s_kv;
DROP TABLE s_posts;
DROP TABLE s_projects;
DROP TABLE s_messages;
DROP TABLE s_threads;
DROP TABLE tombstones;
DROP TABLE device_cursors;
DROP TABLE op_receipts;
DROP TABLE change_log;
DROP TABLE lineages;
DROP TABLE server_version_counter;
`,
  },
]
