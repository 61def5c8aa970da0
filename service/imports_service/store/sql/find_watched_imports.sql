-- Read the clock of an organization and, of the same moment, the imports that watchers ask for.
--
-- $1 organization_id text, $2 import_ids text[], $3 uids uuid[]
-- ->  rows: read_at timestamptz, seq bigint and floor bigint (NULL: no event yet), and an import, all NULL when there
--     is none; at least one row
--
-- Takes no lock. One statement, so that the imports are exactly what the events up to seq have made of them.
SELECT
    now() AS read_at, clock.seq, clock.floor,
    import.organization_id, import.uid, import.import_id, import.version, import.etag, import.spec, import.creator,
    import.validate_only, import.status, import.closing, import.inputs_size, import.created_count,
    import.updated_count, import.unchanged_count, import.errors_count, import.warnings_count,
    import.not_processed_count, import.attachment, import.failed_inputs, import.retry_of, import.created_at,
    import.updated_at, import.started_at, import.completed_at, import.interrupted_at, import.interrupt_requested_at,
    import.expires_at, import.after
FROM (SELECT 1) AS always
LEFT JOIN organization_clock AS clock ON clock.organization_id = $1
LEFT JOIN (
    SELECT
        found.organization_id, found.uid, found.import_id, found.version, found.etag, found.spec, found.creator,
        found.validate_only, found.status, found.closing, found.inputs_size, found.created_count,
        found.updated_count, found.unchanged_count, found.errors_count, found.warnings_count,
        found.not_processed_count, found.attachment, found.failed_inputs, found.retry_of, found.created_at,
        found.updated_at, found.started_at, found.completed_at, found.interrupted_at, found.interrupt_requested_at,
        found.expires_at, found.after
    FROM (
        SELECT named.uid
        FROM unnest($2::text[]) AS wanted (import_id)
        CROSS JOIN LATERAL (
            SELECT uid FROM import WHERE organization_id = $1 AND import.import_id = wanted.import_id LIMIT 1
        ) AS named
        UNION ALL
        SELECT unnest($3::uuid[])
    ) AS wanted (uid)
    CROSS JOIN LATERAL (
        SELECT
            organization_id, uid::text AS uid, import_id, version, etag, spec, creator, validate_only, status,
            closing, inputs_size, created_count, updated_count, unchanged_count, errors_count, warnings_count,
            not_processed_count, attachment, failed_inputs, retry_of, created_at, updated_at, started_at,
            completed_at, interrupted_at, interrupt_requested_at, expires_at, after
        FROM import
        WHERE organization_id = $1 AND import.uid = wanted.uid
        LIMIT 1
    ) AS found
) AS import ON true;
