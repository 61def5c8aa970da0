-- Read an import and keep every other change of it waiting.
--
-- $1 organization_id text, $2 import_id text  ->  zero or one import
--
-- The import's row is locked until the transaction ends: after segments and resources, before the clock.
SELECT
    organization_id, uid::text AS uid, import_id, version, etag, spec, creator, validate_only, status, closing,
    inputs_size, created_count, updated_count, unchanged_count, errors_count, warnings_count, not_processed_count,
    attachment, failed_inputs, retry_of, created_at, updated_at, started_at, completed_at, interrupted_at,
    interrupt_requested_at, expires_at, after
FROM import
WHERE organization_id = $1 AND import_id = $2
FOR UPDATE;
