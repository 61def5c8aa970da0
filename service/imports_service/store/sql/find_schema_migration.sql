-- Say whether the database has a list of applied migrations.
--
-- no parameters  ->  one row: found boolean
--
-- Takes no lock.
SELECT to_regclass('schema_migration') IS NOT NULL AS found;
