-- Read the resources of one type that have one of the ids.
--
-- $1 organization_id text, $2 resource_type text, $3 ids text[]  ->  resources
--
-- Takes no lock. LATERAL with LIMIT keeps the planner at one index look-up per id on a table that was never analysed.
SELECT found.resource_type, found.id, found.key, found.owner_id, found.attributes, found.created_at,
    found.updated_at, found.last_import
FROM unnest($3::text[]) AS k (id)
CROSS JOIN LATERAL (
    SELECT resource_type, id, key, owner_id, attributes, created_at, updated_at, last_import
    FROM resource
    WHERE organization_id = $1 AND resource_type = $2 AND id = k.id
    LIMIT 1
) AS found;
