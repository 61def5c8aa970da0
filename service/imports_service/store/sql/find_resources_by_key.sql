-- Read the resources of one type that have one of the keys.
--
-- $1 organization_id text, $2 resource_type text, $3 canonical keys text[]  ->  resources
--
-- Takes no lock. LATERAL with LIMIT keeps the planner at one index look-up per key on a table that was never analysed.
SELECT found.resource_type, found.id, found.key, found.owner_id, found.attributes, found.created_at,
    found.updated_at, found.last_import
FROM unnest($3::text[]) AS k (key)
CROSS JOIN LATERAL (
    SELECT resource_type, id, key, owner_id, attributes, created_at, updated_at, last_import
    FROM resource
    WHERE organization_id = $1 AND resource_type = $2 AND key = k.key
    LIMIT 1
) AS found;
