-- Read those of some imports that have changed since they were read.
--
-- $1 organization_id text, $2 uids uuid[], $3 versions bigint[] (the versions known)
-- ->  rows: read_at timestamptz and an import
--
-- Takes no lock.
SELECT
    now() AS read_at,
    import.organization_id, import.uid, import.import_id, import.version, import.etag, import.spec, import.creator,
    import.validate_only, import.status, import.closing, import.inputs_size, import.created_count,
    import.updated_count, import.unchanged_count, import.errors_count, import.warnings_count,
    import.not_processed_count, import.attachment, import.failed_inputs, import.retry_of, import.created_at,
    import.updated_at, import.started_at, import.completed_at, import.interrupted_at, import.interrupt_requested_at,
    import.expires_at, import.after
FROM unnest($2::uuid[], $3::bigint[]) AS known (uid, version)
CROSS JOIN LATERAL (
    SELECT
        organization_id, uid::text AS uid, import_id, version, etag, spec, creator, validate_only, status, closing,
        inputs_size, created_count, updated_count, unchanged_count, errors_count, warnings_count,
        not_processed_count, attachment, failed_inputs, retry_of, created_at, updated_at, started_at, completed_at,
        interrupted_at, interrupt_requested_at, expires_at, after
    FROM import
    WHERE organization_id = $1 AND import.uid = known.uid AND import.version > known.version
    LIMIT 1
) AS import;
