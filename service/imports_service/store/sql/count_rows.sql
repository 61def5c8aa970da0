-- Add the rows of one finished segment to its import, and decide whether the import is to be closed.
--
-- $1 organization_id text, $2 uid uuid, $3 created, $4 updated, $5 unchanged, $6 failed, $7 with warnings (all bigint)
-- ->  the import, or no row when it is being closed or gone: then the segment must roll back
--
-- The decision stands in the one UPDATE that counts: two last segments take the row's lock one after the other, and
-- the second sees what the first has counted. More than a tenth failed wins over all rows done.
UPDATE import
SET created_count = created_count + $3,
    updated_count = updated_count + $4,
    unchanged_count = unchanged_count + $5,
    errors_count = errors_count + $6,
    warnings_count = warnings_count + $7,
    segments_left = segments_left - 1,
    version = version + 1,
    closing = CASE
        WHEN (errors_count + $6) * 10 > inputs_size AND NOT validate_only AND NOT spec @> '{"skip_errors": true}'
            THEN 'too_many_errors'
        WHEN segments_left = 1 THEN 'completed'
    END
WHERE organization_id = $1 AND uid = $2 AND closing IS NULL
RETURNING
    organization_id, uid::text AS uid, import_id, version, etag, spec, creator, validate_only, status, closing,
    inputs_size, created_count, updated_count, unchanged_count, errors_count, warnings_count, not_processed_count,
    attachment, failed_inputs, retry_of, created_at, updated_at, started_at, completed_at, interrupted_at,
    interrupt_requested_at, expires_at, after;
