-- Read a page of an organization's imports, oldest first.
--
-- $1 organization_id text, $2 statuses text[], $3 resource_types text[], $4 reference text, $5 reference_prefix text,
-- $6 retry_of text, $7 validate_only boolean, $8 with_errors boolean, $9 created_since timestamptz,
-- $10 created_before timestamptz (each NULL: any), $11 created_at timestamptz and $12 uid uuid of the last
-- import before the page, $13 limit bigint  ->  imports
--
-- Takes no lock. The page begins where an index says, whatever came before it.
SELECT
    organization_id, uid::text AS uid, import_id, version, etag, spec, creator, validate_only, status, closing,
    inputs_size, created_count, updated_count, unchanged_count, errors_count, warnings_count, not_processed_count,
    attachment, failed_inputs, retry_of, created_at, updated_at, started_at, completed_at, interrupted_at,
    interrupt_requested_at, expires_at, after
FROM import
WHERE organization_id = $1
    AND ($2::text[] IS NULL OR status = ANY ($2::text[]))
    AND ($3::text[] IS NULL OR resource_type = ANY ($3::text[]))
    AND ($4::text IS NULL OR reference = $4)
    AND ($5::text IS NULL OR starts_with(reference, $5))
    AND ($6::text IS NULL OR retry_of = $6)
    AND ($7::boolean IS NULL OR validate_only = $7)
    AND ($8::boolean IS NULL OR (errors_count > 0) = $8)
    AND ($9::timestamptz IS NULL OR created_at >= $9)
    AND ($10::timestamptz IS NULL OR created_at < $10)
    AND (created_at, uid) > ($11, $12)
ORDER BY created_at, uid
LIMIT $13;
