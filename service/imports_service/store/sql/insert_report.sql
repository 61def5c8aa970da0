-- Store the logs and the summary of an import that is ending, or has ended without.
--
-- $1 organization_id text, $2 import_uid uuid, $3 report bytea  ->  nothing
--
-- Locks nothing that exists; runs once, under the lock of the import.
INSERT INTO import_report (organization_id, import_uid, report)
VALUES ($1, $2, $3);
