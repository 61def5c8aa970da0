-- Find resources by the beginning of their key, two at most for each: two are ambiguous already.
--
-- $1 organization_id text, $2 types text[], $3 prefixes text[], $4 ends text[] (parallel; the end is the first key
-- after all that begin with the prefix)  ->  rows: resource_type text, id text, key text
--
-- Takes no lock. LATERAL with LIMIT keeps the planner at one index range per name on a table that was never analysed.
SELECT found.resource_type, found.id, found.key
FROM unnest($2::text[], $3::text[], $4::text[]) AS k (resource_type, prefix, stop)
CROSS JOIN LATERAL (
    SELECT resource_type, id, key
    FROM resource
    WHERE organization_id = $1
        AND resource_type = k.resource_type
        AND key >= k.prefix COLLATE "C"
        AND key < k.stop COLLATE "C"
    ORDER BY key
    LIMIT 2
) AS found;
