-- Record a migration as applied, in the transaction that applied it.
--
-- $1 version integer, $2 name text, $3 sha256 text  ->  nothing
--
-- Runs under the lock of the migrations.
INSERT INTO schema_migration (version, name, sha256)
VALUES ($1, $2, $3);
