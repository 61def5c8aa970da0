-- Say which Citus the database has.
--
-- no parameters  ->  zero or one row: version text
--
-- Takes no lock.
SELECT extversion AS version
FROM pg_extension
WHERE extname = 'citus';
