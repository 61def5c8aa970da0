-- Read the resources of one type to export that have one of the ids.
--
-- $1 organization_id text, $2 resource_type text, $3 ids text[], $4 updated_since timestamptz or NULL, $5 attribute of
-- the parent text, $6 id of the parent text or NULL  ->  rows: id text, attributes text, in the order of ids
--
-- Takes no lock. LATERAL with LIMIT keeps the planner at one index look-up per id on a table that was never analysed.
SELECT found.id, found.attributes::text AS attributes
FROM unnest($3::text[]) AS k (id)
CROSS JOIN LATERAL (
    SELECT id, attributes, updated_at
    FROM resource
    WHERE organization_id = $1 AND resource_type = $2 AND id = k.id
    LIMIT 1
) AS found
WHERE found.updated_at >= coalesce($4::timestamptz, '-infinity')
    AND ($6::text IS NULL OR found.attributes ->> $5::text = $6::text)
ORDER BY found.id;
