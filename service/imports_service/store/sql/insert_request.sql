-- Remember which import a request id made.
--
-- $1 organization_id text, $2 request_id text, $3 content_sha256 bytea, $4 document_sha256 bytea, $5 import_uid uuid,
-- $6 import_id text  ->  one row, or none when the request id has been used
--
-- Waits for another creation with the same request id to commit or to roll back.
INSERT INTO creation_request (organization_id, request_id, content_sha256, document_sha256, import_uid, import_id)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (organization_id, request_id) DO NOTHING
RETURNING request_id;
