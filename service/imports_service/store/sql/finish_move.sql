-- Note that all outcomes of an import are in the object store.
--
-- $1 organization_id text, $2 uid uuid, $3 token uuid  ->  nothing
--
-- Locks the import's row. Nobody can see it, so the version stays.
UPDATE import
SET outcomes_moved = true, outcomes_token = NULL, outcomes_lease_until = NULL
WHERE organization_id = $1 AND uid = $2 AND outcomes_token = $3;
