-- Read which migrations have been applied, oldest first.
--
-- no parameters  ->  rows: version integer, sha256 text
--
-- Takes no lock on rows.
SELECT version, sha256
FROM schema_migration
ORDER BY version;
