-- Forget a request id.
--
-- $1 organization_id text, $2 request_id text  ->  nothing
--
-- Locks the row.
DELETE FROM creation_request
WHERE organization_id = $1 AND request_id = $2;
