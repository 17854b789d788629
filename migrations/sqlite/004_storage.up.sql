-- What storage providers ask about files. Times are seconds.
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
