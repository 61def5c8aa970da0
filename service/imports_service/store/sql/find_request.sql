-- Find what a request id was used for.
--
-- $1 organization_id text, $2 request_id text
-- ->  zero or one row: content_sha256 bytea, document_sha256 bytea, import_uid text, import_id text
--
-- Takes no lock.
SELECT content_sha256, document_sha256, import_uid::text AS import_uid, import_id
FROM creation_request
WHERE organization_id = $1 AND request_id = $2;
