-- Count an organization's imports.
--
-- $1 organization_id text, $2 statuses text[], $3 resource_types text[], $4 reference text, $5 reference_prefix text,
-- $6 retry_of text, $7 validate_only boolean, $8 with_errors boolean, $9 created_since timestamptz,
-- $10 created_before timestamptz (each NULL: any)  ->  one row: total bigint
--
-- Takes no lock.
SELECT count(*) AS total
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
    AND ($10::timestamptz IS NULL OR created_at < $10);
