-- Make the list of applied migrations, on a database that has none.
--
-- no parameters  ->  nothing
--
-- Runs under the lock of the migrations, as two CREATE IF NOT EXISTS at once may still collide.
CREATE TABLE IF NOT EXISTS schema_migration (
    version integer NOT NULL PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
