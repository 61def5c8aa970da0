-- Keep every other migration of this database waiting.
--
-- $1 lock number bigint  ->  one row without a meaning
--
-- The lock is the session's: it goes with the connection, whatever happens in between.
SELECT pg_advisory_lock($1) AS locked;
