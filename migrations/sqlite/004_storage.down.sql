DROP TABLE file_references;
DROP TABLE upload_intents;
DROP INDEX s_file_meta_by_hash;
ALTER TABLE s_file_meta DROP COLUMN size_bytes;
ALTER TABLE s_file_meta DROP COLUMN file_hash;
