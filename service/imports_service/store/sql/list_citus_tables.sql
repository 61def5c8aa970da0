-- List the tables that Citus knows, and how.
--
-- no parameters  ->  rows: name text, kind text (distributed, local, reference ..), key text (NULL where there is none)
--
-- Takes no lock. For a coordinator only: plain PostgreSQL has no such view.
SELECT table_name::text AS name, citus_table_type AS kind, nullif(distribution_column, '<none>') AS key
FROM citus_tables;
