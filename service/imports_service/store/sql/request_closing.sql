-- Say how an import will end; from this commit on none of its segments commits.
--
-- $1 organization_id text, $2 uid uuid, $3 closing text  ->  the import, or no row when it is being closed or gone
--
-- Locks the import's row, and so waits for a segment that is counting its rows.
UPDATE import
SET closing = $3, version = version + 1
WHERE organization_id = $1 AND uid = $2 AND closing IS NULL
RETURNING
    organization_id, uid::text AS uid, import_id, version, etag, spec, creator, validate_only, status, closing,
    inputs_size, created_count, updated_count, unchanged_count, errors_count, warnings_count, not_processed_count,
    attachment, failed_inputs, retry_of, created_at, updated_at, started_at, completed_at, interrupted_at,
    interrupt_requested_at, expires_at, after;
