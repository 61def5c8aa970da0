-- Note that only what the import names is left of its files.
--
-- $1 organization_id text, $2 uid uuid  ->  nothing
--
-- Locks the import's row. Nobody can see it, so the version stays.
UPDATE import
SET files_swept = true
WHERE organization_id = $1 AND uid = $2;
