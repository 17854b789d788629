-- Invitations into a workspace. Times are seconds. Only the hash of a token is ever stored.
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
