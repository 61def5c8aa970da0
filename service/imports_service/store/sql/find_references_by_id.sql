-- Say which of the resources named by id there are.
--
-- $1 organization_id text, $2 types text[] and $3 ids text[] (parallel; by type, see named.py)
-- ->  rows: resource_type text, id text, key text
--
-- Takes no lock. LATERAL with LIMIT keeps the planner at one index look-up per name on a table that was never analysed.
SELECT found.resource_type, found.id, found.key
FROM unnest($2::text[], $3::text[]) AS t (resource_type, ids)
CROSS JOIN LATERAL unnest(string_to_array(t.ids, E'\x1D')) AS i (id)
CROSS JOIN LATERAL (
    SELECT resource_type, id, key
    FROM resource
    WHERE organization_id = $1 AND resource_type = t.resource_type AND id = i.id
    LIMIT 1
) AS found;
