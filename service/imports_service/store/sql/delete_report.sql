-- Delete the report of an import that is being deleted, or is gone.
--
-- $1 organization_id text, $2 import_uid uuid  ->  nothing
--
-- Locks a row that nobody changes.
DELETE FROM import_report
WHERE organization_id = $1 AND import_uid = $2;
