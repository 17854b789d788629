-- What the host's admin pages keep with us. Times are milliseconds.
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
