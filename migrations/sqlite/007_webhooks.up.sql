-- Webhooks and what became of each delivery. Times are milliseconds.
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
