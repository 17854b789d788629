-- Snapshots: a bootstrap sees one version of the workspace however long it takes to page through it.
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
