-- How every device's offline writes meet. Times are seconds since the epoch.
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
