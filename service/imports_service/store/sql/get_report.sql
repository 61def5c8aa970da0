-- Read the logs and the summary of an ended import.
--
-- $1 organization_id text, $2 import_uid uuid  ->  zero or one row: report bytea
--
-- Takes no lock.
SELECT report
FROM import_report
WHERE organization_id = $1 AND import_uid = $2;
