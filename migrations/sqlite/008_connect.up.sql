-- Paired computers. Times are milliseconds. Secrets come hashed or encrypted from the host.
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
