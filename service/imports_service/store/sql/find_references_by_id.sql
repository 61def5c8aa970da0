-- Say which of the resources named by id there are.
--
-- $1 organization_id text, $2 types text[], $3 ids text[] (parallel)  ->  rows: resource_type text, id text, key text
--
-- Takes no lock. LATERAL with LIMIT keeps the planner at one index look-up per name on a table that was never analysed.
SELECT found.resource_type, found.id, found.key
FROM unnest($2::text[], $3::text[]) AS k (resource_type, id)
CROSS JOIN LATERAL (
    SELECT resource_type, id, key
    FROM resource
    WHERE organization_id = $1 AND resource_type = k.resource_type AND id = k.id
    LIMIT 1
) AS found;
