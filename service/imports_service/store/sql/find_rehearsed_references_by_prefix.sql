-- Find resources by the beginning of their key, as a rehearsal sees the environment; two are ambiguous already.
--
-- $1 organization_id text, $2 import_uid uuid, $3 types text[], $4 prefixes text[], $5 ends text[] (parallel; the end
-- is the first key after all that begin with the prefix)  ->  rows: resource_type text, id text, key text
--
-- Takes no lock. LATERAL with LIMIT keeps the planner at one index range per name and table on tables that were never
-- analysed, and the sub-select in the condition at one index look-up per resource. What the overlay has of a resource
-- of the environment has the same key: keys never change.
SELECT found.resource_type, found.id, found.key
FROM unnest($3::text[], $4::text[], $5::text[]) AS k (resource_type, prefix, stop)
CROSS JOIN LATERAL (
    (
        SELECT resource_type, id, key
        FROM rehearsal_resource
        WHERE organization_id = $1
            AND import_uid = $2
            AND resource_type = k.resource_type
            AND key >= k.prefix COLLATE "C"
            AND key < k.stop COLLATE "C"
        ORDER BY key
        LIMIT 2
    )
    UNION
    (
        SELECT resource_type, id, key
        FROM resource AS stored
        WHERE organization_id = $1
            AND resource_type = k.resource_type
            AND key >= k.prefix COLLATE "C"
            AND key < k.stop COLLATE "C"
            AND NOT coalesce(
                (
                    SELECT is_removed
                    FROM rehearsal_resource AS rehearsed
                    WHERE rehearsed.organization_id = $1
                        AND rehearsed.import_uid = $2
                        AND rehearsed.resource_type = stored.resource_type
                        AND rehearsed.id = stored.id
                    LIMIT 1
                ),
                false
            )
        ORDER BY key
        LIMIT 2
    )
) AS found;
