-- Turn a pending import into one in progress.
--
-- $1 organization_id text, $2 uid uuid  ->  the import, or no row when it is not pending or is being closed
--
-- Locks the import's row; of two claims at once the second finds it started.
UPDATE import
SET status = 'in_progress', started_at = now(), version = version + 1
WHERE organization_id = $1 AND uid = $2 AND status = 'pending' AND closing IS NULL
RETURNING
    organization_id, uid::text AS uid, import_id, version, etag, spec, creator, validate_only, status, closing,
    inputs_size, created_count, updated_count, unchanged_count, errors_count, warnings_count, not_processed_count,
    attachment, failed_inputs, retry_of, created_at, updated_at, started_at, completed_at, interrupted_at,
    interrupt_requested_at, expires_at, after;
