-- Be the only one who makes or drops partitions, until the end of the transaction.
--
-- no parameters  ->  zero or one row: version integer; no row: somebody else is at it
--
-- Locks the row of the first migration, which nobody changes; it waits for nobody.
SELECT version
FROM schema_migration
WHERE version = 1
FOR UPDATE SKIP LOCKED;
