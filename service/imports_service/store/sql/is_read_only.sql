-- Tell whether the server answers, and takes no writes because it is a standby.
--
-- no parameters  ->  one row: is_read_only boolean
--
-- Takes no lock and reads no table.
SELECT pg_is_in_recovery() AS is_read_only;
