-- Delete the outcomes of an import that is being deleted, or is gone.
--
-- $1 organization_id text, $2 import_uid uuid  ->  nothing
--
-- Locks rows that nobody changes.
DELETE FROM outcome
WHERE organization_id = $1 AND import_uid = $2;
