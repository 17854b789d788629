-- What one process of several does for all of them, and when it was last done. Times are milliseconds.
-- 'canary' is written to see whether writes become visible.
CREATE TABLE chores (
  name TEXT NOT NULL PRIMARY KEY,
  claimed_by TEXT,
  claimed_until_ms INTEGER NOT NULL DEFAULT 0,
  done_at_ms INTEGER
) STRICT, WITHOUT ROWID;
