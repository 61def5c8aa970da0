-- Keep a table on the coordinator, where every node can reach it.
--
-- $1 table text  ->  one row
--
-- Locks the table. For a coordinator only.
SELECT citus_add_local_table_to_metadata($1::text::regclass) AS done;
