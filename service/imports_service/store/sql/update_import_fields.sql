-- Change what a caller may change of an import.
--
-- $1 organization_id text, $2 uid uuid, $3 spec jsonb, $4 reference text, $5 etag text  ->  zero or one import
--
-- Locks the import's row; the caller has locked it already and compared the etag.
UPDATE import
SET spec = $3, reference = $4, etag = $5, updated_at = now(), version = version + 1
WHERE organization_id = $1 AND uid = $2
RETURNING
    organization_id, uid::text AS uid, import_id, version, etag, spec, creator, validate_only, status, closing,
    inputs_size, created_count, updated_count, unchanged_count, errors_count, warnings_count, not_processed_count,
    attachment, failed_inputs, retry_of, created_at, updated_at, started_at, completed_at, interrupted_at,
    interrupt_requested_at, expires_at, after;
