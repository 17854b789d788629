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
    checksum: 'ae4c15ecddc4d7722ea2c10af0551c1b6e2be2425a0100b2a8e87c810936dc69',
    up: `-- How every device's offline writes meet. Times are seconds since the epoch.
-- Every key starts with the workspace: two workspaces may use the same pk or op id (traps S1, S3).
-- A revision is (clock, hlc, op_id). pk and hlc are stored so that SQLite's byte order is JavaScript's
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

-- The live rows: the winning put of each key. created_version: of the put that made the row, which
-- later puts leave as it is.
CREATE TABLE s_threads (
  workspace_id TEXT NOT NULL,
  pk TEXT NOT NULL,
  payload_json TEXT NOT NULL,
  clock INTEGER NOT NULL,
  hlc TEXT NOT NULL,
  op_id TEXT NOT NULL,
  server_version INTEGER NOT NULL,
  created_version INTEGER NOT NULL,
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
  created_version INTEGER NOT NULL,
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
  created_version INTEGER NOT NULL,
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
  created_version INTEGER NOT NULL,
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
  created_version INTEGER NOT NULL,
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
  created_version INTEGER NOT NULL,
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
  created_version INTEGER NOT NULL,
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
  {
    name: '003_snapshots',
    checksum: 'f6d0a1d6556f4673580f35dc15ea47778fa77709ff0eb80f3a0864664bf8e4e7',
    up: `-- Snapshots: a bootstrap sees one version of the workspace however long it takes to page through it.
-- Nothing is copied when one is opened. While one is open, a state that a push replaces is kept here
-- first, so a page at watermark W reads what stood at W: the current states up to W, and the kept ones
-- that stood then. Times are seconds.

CREATE TABLE snapshots (
  workspace_id TEXT NOT NULL,
  id TEXT NOT NULL,
  -- Null where the host itself asks.
  user_id TEXT,
  high_watermark INTEGER NOT NULL,
  tables_json TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, id)
) STRICT;

CREATE INDEX snapshots_by_expiry ON snapshots (expires_at);

-- last_version: the workspace's version up to which this was the state of its key.
CREATE TABLE replaced_states (
  workspace_id TEXT NOT NULL,
  table_name TEXT NOT NULL,
  pk TEXT NOT NULL,
  server_version INTEGER NOT NULL,
  last_version INTEGER NOT NULL,
  payload_json TEXT,
  clock INTEGER NOT NULL,
  hlc TEXT NOT NULL,
  op_id TEXT NOT NULL,
  owner_user_id TEXT,
  -- Null for a live row.
  deleted_at INTEGER,
  PRIMARY KEY (workspace_id, table_name, pk, server_version)
) STRICT;

CREATE TRIGGER s_threads_keep_on_update BEFORE UPDATE ON s_threads
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, 'threads', OLD.pk, OLD.server_version, c.value, OLD.payload_json,
    OLD.clock, OLD.hlc, OLD.op_id, NULL, NULL
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;

CREATE TRIGGER s_threads_keep_on_delete BEFORE DELETE ON s_threads
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, 'threads', OLD.pk, OLD.server_version, c.value, OLD.payload_json,
    OLD.clock, OLD.hlc, OLD.op_id, NULL, NULL
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;

CREATE TRIGGER s_messages_keep_on_update BEFORE UPDATE ON s_messages
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, 'messages', OLD.pk, OLD.server_version, c.value, OLD.payload_json,
    OLD.clock, OLD.hlc, OLD.op_id, NULL, NULL
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;

CREATE TRIGGER s_messages_keep_on_delete BEFORE DELETE ON s_messages
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, 'messages', OLD.pk, OLD.server_version, c.value, OLD.payload_json,
    OLD.clock, OLD.hlc, OLD.op_id, NULL, NULL
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;

CREATE TRIGGER s_projects_keep_on_update BEFORE UPDATE ON s_projects
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, 'projects', OLD.pk, OLD.server_version, c.value, OLD.payload_json,
    OLD.clock, OLD.hlc, OLD.op_id, NULL, NULL
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;

CREATE TRIGGER s_projects_keep_on_delete BEFORE DELETE ON s_projects
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, 'projects', OLD.pk, OLD.server_version, c.value, OLD.payload_json,
    OLD.clock, OLD.hlc, OLD.op_id, NULL, NULL
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;

CREATE TRIGGER s_posts_keep_on_update BEFORE UPDATE ON s_posts
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, 'posts', OLD.pk, OLD.server_version, c.value, OLD.payload_json,
    OLD.clock, OLD.hlc, OLD.op_id, NULL, NULL
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;

CREATE TRIGGER s_posts_keep_on_delete BEFORE DELETE ON s_posts
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, 'posts', OLD.pk, OLD.server_version, c.value, OLD.payload_json,
    OLD.clock, OLD.hlc, OLD.op_id, NULL, NULL
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;

CREATE TRIGGER s_kv_keep_on_update BEFORE UPDATE ON s_kv
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, 'kv', OLD.pk, OLD.server_version, c.value, OLD.payload_json,
    OLD.clock, OLD.hlc, OLD.op_id, NULL, NULL
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;

CREATE TRIGGER s_kv_keep_on_delete BEFORE DELETE ON s_kv
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, 'kv', OLD.pk, OLD.server_version, c.value, OLD.payload_json,
    OLD.clock, OLD.hlc, OLD.op_id, NULL, NULL
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;

CREATE TRIGGER s_file_meta_keep_on_update BEFORE UPDATE ON s_file_meta
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, 'file_meta', OLD.pk, OLD.server_version, c.value, OLD.payload_json,
    OLD.clock, OLD.hlc, OLD.op_id, NULL, NULL
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;

CREATE TRIGGER s_file_meta_keep_on_delete BEFORE DELETE ON s_file_meta
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, 'file_meta', OLD.pk, OLD.server_version, c.value, OLD.payload_json,
    OLD.clock, OLD.hlc, OLD.op_id, NULL, NULL
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;

CREATE TRIGGER s_notifications_keep_on_update BEFORE UPDATE ON s_notifications
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, 'notifications', OLD.pk, OLD.server_version, c.value, OLD.payload_json,
    OLD.clock, OLD.hlc, OLD.op_id, OLD.owner_user_id, NULL
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;

CREATE TRIGGER s_notifications_keep_on_delete BEFORE DELETE ON s_notifications
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, 'notifications', OLD.pk, OLD.server_version, c.value, OLD.payload_json,
    OLD.clock, OLD.hlc, OLD.op_id, OLD.owner_user_id, NULL
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;

CREATE TRIGGER tombstones_keep_on_update BEFORE UPDATE ON tombstones
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, OLD.table_name, OLD.pk, OLD.server_version, c.value, NULL,
    OLD.clock, OLD.hlc, OLD.op_id, OLD.owner_user_id, OLD.deleted_at
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;

CREATE TRIGGER tombstones_keep_on_delete BEFORE DELETE ON tombstones
WHEN EXISTS (
  SELECT 1 FROM snapshots
  WHERE workspace_id = OLD.workspace_id AND high_watermark >= OLD.server_version)
BEGIN
  INSERT INTO replaced_states
  SELECT OLD.workspace_id, OLD.table_name, OLD.pk, OLD.server_version, c.value, NULL,
    OLD.clock, OLD.hlc, OLD.op_id, OLD.owner_user_id, OLD.deleted_at
  FROM server_version_counter AS c WHERE c.workspace_id = OLD.workspace_id;
END;
`,
    down: `DROP TRIGGER tombstones_keep_on_delete;
DROP TRIGGER tombstones_keep_on_update;
DROP TRIGGER s_notifications_keep_on_delete;
DROP TRIGGER s_notifications_keep_on_update;
DROP TRIGGER s_file_meta_keep_on_delete;
DROP TRIGGER s_file_meta_keep_on_update;
DROP TRIGGER s_kv_keep_on_delete;
DROP TRIGGER s_kv_keep_on_update;
DROP TRIGGER s_posts_keep_on_delete;
DROP TRIGGER s_posts_keep_on_update;
DROP TRIGGER s_projects_keep_on_delete;
DROP TRIGGER s_projects_keep_on_update;
DROP TRIGGER s_messages_keep_on_delete;
DROP TRIGGER s_messages_keep_on_update;
DROP TRIGGER s_threads_keep_on_delete;
DROP TRIGGER s_threads_keep_on_update;
DROP TABLE replaced_states;
DROP TABLE snapshots;
`,
  },
  {
    name: '004_storage',
    checksum: '3bc08f6cae88ee4d1667083d427d250c21570fb18446a74dcb1b31a4e5eb9cac',
    up: `-- What storage providers ask about files. Times are seconds.
-- A hash is compared without its sha256: or md5: prefix, trimmed and lower-cased.

-- Sizes come from an index, not from parsing every payload; an unusable one counts as none (trap S27).
ALTER TABLE s_file_meta ADD COLUMN file_hash TEXT GENERATED ALWAYS AS (
  trim(CASE WHEN lower(trim(pk, char(9, 10, 11, 12, 13, 32))) LIKE 'sha256:%' THEN substr(lower(trim(pk, char(9, 10, 11, 12, 13, 32))), 8)
    WHEN lower(trim(pk, char(9, 10, 11, 12, 13, 32))) LIKE 'md5:%' THEN substr(lower(trim(pk, char(9, 10, 11, 12, 13, 32))), 5)
    ELSE lower(trim(pk, char(9, 10, 11, 12, 13, 32))) END, char(9, 10, 11, 12, 13, 32))
) VIRTUAL;

ALTER TABLE s_file_meta ADD COLUMN size_bytes INTEGER GENERATED ALWAYS AS (
  CASE WHEN json_type(payload_json, '$.size_bytes') = 'integer'
      AND payload_json ->> '$.size_bytes' BETWEEN 0 AND 9007199254740991
    THEN payload_json ->> '$.size_bytes' END
) VIRTUAL;

CREATE INDEX s_file_meta_by_hash ON s_file_meta (workspace_id, file_hash, size_bytes);

-- A client's announcement of an upload; while it is active its bytes count against the quota.
CREATE TABLE upload_intents (
  workspace_id TEXT NOT NULL,
  id TEXT NOT NULL,
  hash TEXT NOT NULL,
  mime_type TEXT NOT NULL,
  size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
  status TEXT NOT NULL CHECK (status IN ('active', 'consumed', 'cancelled', 'expired')),
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  storage_id TEXT,
  ended_at INTEGER,
  PRIMARY KEY (workspace_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX upload_intents_by_hash ON upload_intents (workspace_id, status, hash, size_bytes, expires_at);
CREATE INDEX upload_intents_by_expiry ON upload_intents (expires_at);

-- Which live messages and posts mention which file: kept by every push, so that nobody has to parse
-- all payloads to find out (src/runtime/server/sync/file-references.ts).
CREATE TABLE file_references (
  workspace_id TEXT NOT NULL,
  source_table TEXT NOT NULL,
  source_id TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (workspace_id, source_table, source_id, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX file_references_by_hash ON file_references (workspace_id, hash, source_table, source_id);

INSERT INTO file_references
SELECT DISTINCT r.workspace_id, 'messages', r.pk, trim(CASE WHEN lower(trim(f.value, char(9, 10, 11, 12, 13, 32))) LIKE 'sha256:%' THEN substr(lower(trim(f.value, char(9, 10, 11, 12, 13, 32))), 8)
    WHEN lower(trim(f.value, char(9, 10, 11, 12, 13, 32))) LIKE 'md5:%' THEN substr(lower(trim(f.value, char(9, 10, 11, 12, 13, 32))), 5)
    ELSE lower(trim(f.value, char(9, 10, 11, 12, 13, 32))) END, char(9, 10, 11, 12, 13, 32)) AS hash
FROM s_messages AS r,
  json_each(CASE json_type(r.payload_json, '$.file_hashes')
    WHEN 'array' THEN r.payload_json -> '$.file_hashes'
    WHEN 'text' THEN CASE WHEN json_valid(r.payload_json ->> '$.file_hashes') THEN r.payload_json ->> '$.file_hashes' ELSE '[]' END
    ELSE '[]' END) AS f
WHERE f.type = 'text' AND octet_length(trim(CASE WHEN lower(trim(f.value, char(9, 10, 11, 12, 13, 32))) LIKE 'sha256:%' THEN substr(lower(trim(f.value, char(9, 10, 11, 12, 13, 32))), 8)
    WHEN lower(trim(f.value, char(9, 10, 11, 12, 13, 32))) LIKE 'md5:%' THEN substr(lower(trim(f.value, char(9, 10, 11, 12, 13, 32))), 5)
    ELSE lower(trim(f.value, char(9, 10, 11, 12, 13, 32))) END, char(9, 10, 11, 12, 13, 32))) BETWEEN 1 AND 128;

INSERT INTO file_references
SELECT DISTINCT r.workspace_id, 'posts', r.pk, trim(CASE WHEN lower(trim(f.value, char(9, 10, 11, 12, 13, 32))) LIKE 'sha256:%' THEN substr(lower(trim(f.value, char(9, 10, 11, 12, 13, 32))), 8)
    WHEN lower(trim(f.value, char(9, 10, 11, 12, 13, 32))) LIKE 'md5:%' THEN substr(lower(trim(f.value, char(9, 10, 11, 12, 13, 32))), 5)
    ELSE lower(trim(f.value, char(9, 10, 11, 12, 13, 32))) END, char(9, 10, 11, 12, 13, 32)) AS hash
FROM s_posts AS r,
  json_each(CASE json_type(r.payload_json, '$.file_hashes')
    WHEN 'array' THEN r.payload_json -> '$.file_hashes'
    WHEN 'text' THEN CASE WHEN json_valid(r.payload_json ->> '$.file_hashes') THEN r.payload_json ->> '$.file_hashes' ELSE '[]' END
    ELSE '[]' END) AS f
WHERE f.type = 'text' AND octet_length(trim(CASE WHEN lower(trim(f.value, char(9, 10, 11, 12, 13, 32))) LIKE 'sha256:%' THEN substr(lower(trim(f.value, char(9, 10, 11, 12, 13, 32))), 8)
    WHEN lower(trim(f.value, char(9, 10, 11, 12, 13, 32))) LIKE 'md5:%' THEN substr(lower(trim(f.value, char(9, 10, 11, 12, 13, 32))), 5)
    ELSE lower(trim(f.value, char(9, 10, 11, 12, 13, 32))) END, char(9, 10, 11, 12, 13, 32))) BETWEEN 1 AND 128;
`,
    down: `DROP TABLE file_references;
DROP TABLE upload_intents;
DROP INDEX s_file_meta_by_hash;
ALTER TABLE s_file_meta DROP COLUMN size_bytes;
ALTER TABLE s_file_meta DROP COLUMN file_hash;
`,
  },
  {
    name: '005_invites',
    checksum: '74d360e315f01f978629a314284347c957a4e154701dcc5269029c89b74d3735',
    up: `-- Invitations into a workspace. Times are seconds. Only the hash of a token is ever stored.
CREATE TABLE auth_invites (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  id TEXT NOT NULL,
  email TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
  status TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'revoked', 'expired')),
  invited_by_user_id TEXT NOT NULL,
  token_hash TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  accepted_at INTEGER,
  accepted_user_id TEXT REFERENCES users (id),
  revoked_at INTEGER,
  revoked_by_user_id TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, token_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX auth_invites_by_age ON auth_invites (workspace_id, created_at);

-- Finding a person by address: when a member is added by e-mail, and when an invite meets a placeholder.
CREATE INDEX users_by_email ON users (email) WHERE email IS NOT NULL;
CREATE INDEX auth_accounts_by_user ON auth_accounts (user_id);
`,
    down: `DROP INDEX auth_accounts_by_user;
DROP INDEX users_by_email;
DROP TABLE auth_invites;
`,
  },
  {
    name: '006_admin',
    checksum: '558f1eac1a1a594fb4595fdcc8942c5fd0969fc0675352e361614f1c7d5663c6',
    up: `-- What the host's admin pages keep with us. Times are milliseconds.
CREATE TABLE deployment_admins (
  user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
  created_at_ms INTEGER NOT NULL,
  created_by_user_id TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE workspace_settings (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, key)
) STRICT, WITHOUT ROWID;

-- The admin's list, newest first.
CREATE INDEX workspaces_by_age ON workspaces (created_at_ms, id);
`,
    down: `DROP INDEX workspaces_by_age;
DROP TABLE workspace_settings;
DROP TABLE deployment_admins;
`,
  },
  {
    name: '007_webhooks',
    checksum: '58d65dbf2234bab44c672bc5347a677f1d296db4fab609b4ff8edc6293f6b582',
    up: `-- Webhooks and what became of each delivery. Times are milliseconds.
CREATE TABLE webhooks (
  id TEXT NOT NULL PRIMARY KEY,
  scope TEXT NOT NULL CHECK (scope IN ('user', 'admin')),
  user_id TEXT,
  workspace_id TEXT,
  url TEXT NOT NULL,
  label TEXT NOT NULL,
  events_json TEXT NOT NULL,
  custom_hooks_json TEXT NOT NULL,
  -- Encrypted by the host.
  signing_secret_enc TEXT NOT NULL,
  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  health TEXT NOT NULL CHECK (health IN ('healthy', 'failing', 'unknown')),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX webhooks_by_owner ON webhooks (scope, user_id, workspace_id);
CREATE INDEX webhooks_by_workspace ON webhooks (scope, workspace_id) WHERE enabled = 1;

CREATE TABLE webhook_deliveries (
  id TEXT NOT NULL PRIMARY KEY,
  webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
  event_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'in_flight', 'success', 'failed', 'cancelled')),
  claimed_by TEXT,
  claimed_at INTEGER,
  http_status INTEGER,
  error_message TEXT,
  request_payload TEXT NOT NULL,
  response_body TEXT,
  duration_ms INTEGER,
  next_retry_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

-- The dispatcher's question every few seconds: what is due.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_retry_at, created_at)
  WHERE status = 'pending';
CREATE INDEX webhook_deliveries_claimed ON webhook_deliveries (claimed_at) WHERE status = 'in_flight';
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, created_at);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at);
`,
    down: `DROP TABLE webhook_deliveries;
DROP TABLE webhooks;
`,
  },
  {
    name: '008_connect',
    checksum: 'f7023dc543522d9b0df62aebcfe62fe784c8cda4a56b998b491931b1258f3628',
    up: `-- Paired computers. Times are milliseconds. Secrets come hashed or encrypted from the host.
CREATE TABLE connect_authorizations (
  id TEXT NOT NULL PRIMARY KEY,
  device_code_hash TEXT NOT NULL UNIQUE,
  user_code_hash TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'provisioning', 'approved', 'delivering', 'denied', 'consumed', 'expired')),
  host_json TEXT NOT NULL,
  approved_user_id TEXT,
  approved_workspace_id TEXT,
  environment_id TEXT,
  credential_ciphertext TEXT,
  redeliver_until INTEGER,
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX connect_authorizations_by_user_code ON connect_authorizations (user_code_hash, created_at);
CREATE INDEX connect_authorizations_by_environment ON connect_authorizations (environment_id) WHERE environment_id IS NOT NULL;
CREATE INDEX connect_authorizations_ended ON connect_authorizations (updated_at) WHERE status IN ('denied', 'consumed', 'expired');
CREATE INDEX connect_authorizations_delivering ON connect_authorizations (redeliver_until) WHERE status = 'delivering';
CREATE INDEX connect_authorizations_live ON connect_authorizations (expires_at) WHERE status IN ('pending', 'approved', 'delivering');

CREATE TABLE connect_environments (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  workspace_id TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('provisioning', 'active', 'revoking', 'revoked', 'error')),
  name TEXT NOT NULL,
  platform TEXT,
  architecture TEXT,
  driver TEXT,
  runtime TEXT,
  base_path TEXT,
  host_id TEXT,
  signing_public_key TEXT,
  noise_public_key TEXT,
  hostname TEXT NOT NULL,
  tunnel_id TEXT NOT NULL,
  dns_record_id TEXT NOT NULL,
  relay_authenticator TEXT,
  control_token_hash TEXT,
  access_credential_ciphertext TEXT NOT NULL,
  tunnel_secret_ciphertext TEXT,
  authorization_id TEXT,
  lifecycle_attempts INTEGER NOT NULL,
  lifecycle_next_attempt_at INTEGER NOT NULL,
  lifecycle_claim_token TEXT,
  lifecycle_claimed_until INTEGER,
  provisioning_deadline_at INTEGER,
  activation_deadline_at INTEGER,
  activation_claimed_at INTEGER,
  lifecycle_error TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX connect_environments_by_owner ON connect_environments (user_id, workspace_id, status);
CREATE INDEX connect_environments_due ON connect_environments (lifecycle_next_attempt_at) WHERE status IN ('provisioning', 'revoking');
CREATE INDEX connect_environments_unclaimed ON connect_environments (activation_deadline_at) WHERE status = 'active' AND activation_deadline_at IS NOT NULL;
CREATE INDEX connect_environments_by_token ON connect_environments (control_token_hash) WHERE control_token_hash IS NOT NULL;
CREATE INDEX connect_environments_revoked ON connect_environments (updated_at) WHERE status = 'revoked';
`,
    down: `DROP TABLE connect_environments;
DROP TABLE connect_authorizations;
`,
  },
  {
    name: '009_limits_and_jobs',
    checksum: 'a2ac347fd47f4714770426ef761578665162fe306b4b78729065c9b664a3f846',
    up: `-- Rate limits and background jobs. Times are milliseconds.

-- hits_json: when the requests within the window came, oldest first.
CREATE TABLE rate_limits (
  key TEXT NOT NULL PRIMARY KEY,
  hits_json TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX rate_limits_by_expiry ON rate_limits (expires_at);

CREATE TABLE background_jobs (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  model TEXT NOT NULL,
  kind TEXT,
  status TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'error', 'aborted')),
  -- What came so far but for the chunks below.
  content TEXT NOT NULL,
  chunks_received INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  last_activity_at INTEGER NOT NULL,
  completed_at INTEGER,
  error TEXT,
  tool_calls_json TEXT,
  workflow_state_json TEXT,
  idempotency_key TEXT,
  lease_owner TEXT,
  lease_expires_at INTEGER,
  attempts INTEGER NOT NULL
) STRICT;

-- One user's key says nothing about another's (trap J2).
CREATE UNIQUE INDEX background_jobs_by_key ON background_jobs (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX background_jobs_streaming ON background_jobs (started_at, id) WHERE status = 'streaming';
CREATE INDEX background_jobs_streaming_by_user ON background_jobs (user_id) WHERE status = 'streaming';
CREATE INDEX background_jobs_ended ON background_jobs (completed_at) WHERE status <> 'streaming';

-- What a worker needs of a job: the whole request and the user's encrypted key. Apart from the job, which
-- is read every 80 ms and written with every chunk, and removed when it ends (trap J5).
CREATE TABLE background_job_executions (
  job_id TEXT NOT NULL PRIMARY KEY REFERENCES background_jobs (id) ON DELETE CASCADE,
  execution_json TEXT NOT NULL
) STRICT;

-- The end of a growing text, so that a chunk does not rewrite what came before it (trap J3).
CREATE TABLE background_job_chunks (
  job_id TEXT NOT NULL REFERENCES background_jobs (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (job_id, seq)
) STRICT, WITHOUT ROWID;
`,
    down: `DROP TABLE background_job_chunks;
DROP TABLE background_job_executions;
DROP TABLE background_jobs;
DROP TABLE rate_limits;
`,
  },
  {
    name: '010_chores',
    checksum: '9cefad62c81f250bf70e92572e163d4af2e05fc0c5e8ab2a997071ab073dfcfb',
    up: `-- What one process of several does for all of them, and when it was last done. Times are milliseconds.
-- 'canary' is written to see whether writes become visible.
CREATE TABLE chores (
  name TEXT NOT NULL PRIMARY KEY,
  claimed_by TEXT,
  claimed_until_ms INTEGER NOT NULL DEFAULT 0,
  done_at_ms INTEGER
) STRICT, WITHOUT ROWID;
`,
    down: `DROP TABLE chores;
`,
  },
]
