-- List the partitions of the events, without the default one, oldest first.
--
-- no parameters  ->  rows: name text, until timestamptz (events before it)
--
-- Takes no lock on rows.
SELECT name, until
FROM (
    SELECT
        partition.relname::text AS name,
        nullif(
            split_part(split_part(pg_get_expr(partition.relpartbound, partition.oid), 'TO (''', 2), '''', 1), ''
        )::timestamptz AS until
    FROM pg_inherits AS child
    JOIN pg_class AS partition ON partition.oid = child.inhrelid
    WHERE child.inhparent = 'event'::regclass
) AS found
WHERE until IS NOT NULL
ORDER BY until;
