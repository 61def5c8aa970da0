-- Say whether this connection has its table of changed resources.
--
-- no parameters  ->  one row: found boolean
--
-- Takes no lock. Asked each time and not remembered: the connection behind a pooler may be another one each time.
SELECT to_regclass('pg_temp.changed_resource') IS NOT NULL AS found;
