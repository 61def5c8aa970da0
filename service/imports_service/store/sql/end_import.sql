-- Give an import its final status.
--
-- $1 organization_id text, $2 uid uuid, $3 closing text (NULL: as it stands), $4 not_processed_count bigint,
-- $5 attachment text, $6 failed_inputs text, $7 ended at timestamptz, $8 expires_at timestamptz
-- ->  the import, or no row when it has ended, is not being closed, or is gone
--
-- Locks the import's row, in the transaction that fenced its closing. The time is a parameter because Citus takes no
-- now() inside CASE.
UPDATE import
SET closing = coalesce($3, closing),
    status = CASE coalesce($3, closing) WHEN 'completed' THEN 'completed' ELSE 'interrupted' END,
    completed_at = CASE coalesce($3, closing) WHEN 'completed' THEN $7::timestamptz END,
    interrupted_at = CASE coalesce($3, closing) WHEN 'completed' THEN NULL ELSE $7::timestamptz END,
    expires_at = $8,
    not_processed_count = $4,
    attachment = $5,
    failed_inputs = $6,
    version = version + 1
WHERE organization_id = $1 AND uid = $2 AND closing IS NOT NULL AND status IN ('pending', 'in_progress')
RETURNING
    organization_id, uid::text AS uid, import_id, version, etag, spec, creator, validate_only, status, closing,
    inputs_size, created_count, updated_count, unchanged_count, errors_count, warnings_count, not_processed_count,
    attachment, failed_inputs, retry_of, created_at, updated_at, started_at, completed_at, interrupted_at,
    interrupt_requested_at, expires_at, after;
