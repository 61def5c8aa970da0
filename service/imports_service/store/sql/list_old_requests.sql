-- Find request ids that need not be remembered: their time is over and their import is gone.
--
-- $1 age interval, $2 limit bigint  ->  rows: organization_id text, request_id text
--
-- Takes no lock: it reads all organizations.
SELECT organization_id, request_id
FROM creation_request
WHERE created_at < now() - $1::interval
    AND NOT EXISTS (
        SELECT
        FROM import
        WHERE import.organization_id = creation_request.organization_id AND import.uid = creation_request.import_uid
    )
LIMIT $2;
