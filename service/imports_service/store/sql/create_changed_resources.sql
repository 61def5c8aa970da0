-- Make this connection's table of changed resources, empty again after every commit.
--
-- no parameters  ->  nothing
--
-- Locks nothing that others see. One table a connection, because one a transaction would bloat the catalogue.
CREATE TEMPORARY TABLE changed_resource (
    resource_type text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    key text COLLATE "C",
    owner_id text COLLATE "C",
    attributes jsonb NOT NULL
) ON COMMIT DELETE ROWS;
