-- Who the users are and which workspaces they belong to.
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
