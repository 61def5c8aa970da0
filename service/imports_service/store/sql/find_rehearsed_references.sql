-- Say which of the resources named there would be by now, as a rehearsal sees the environment.
--
-- $1 organization_id text, $2 import_uid uuid, $3 types text[] and $4 keys text[] (parallel), $5 types text[] and
-- $6 ids text[] (parallel; both by type, see named.py)  ->  rows: resource_type text, id text, key text
--
-- Takes no lock. What the overlay says of an id wins. LATERAL with LIMIT keeps the planner at one index look-up per
-- name and table on tables that were never analysed.
WITH named AS MATERIALIZED (
    SELECT keyed.resource_type, keyed.id
    FROM unnest($3::text[], $4::text[]) AS t (resource_type, keys)
    CROSS JOIN LATERAL unnest(string_to_array(t.keys, E'\x1D')) AS k (key)
    CROSS JOIN LATERAL (
        (
            SELECT resource_type, id
            FROM rehearsal_resource
            WHERE organization_id = $1 AND import_uid = $2 AND resource_type = t.resource_type AND key = k.key
            LIMIT 1
        )
        UNION ALL
        (
            SELECT resource_type, id
            FROM resource
            WHERE organization_id = $1 AND resource_type = t.resource_type AND key = k.key
            LIMIT 1
        )
    ) AS keyed
    UNION
    SELECT t.resource_type COLLATE "C", i.id COLLATE "C"
    FROM unnest($5::text[], $6::text[]) AS t (resource_type, ids)
    CROSS JOIN LATERAL unnest(string_to_array(t.ids, E'\x1D')) AS i (id)
)
SELECT seen.resource_type, seen.id, seen.key
FROM named
CROSS JOIN LATERAL (
    SELECT resource_type, id, key, is_removed
    FROM (
        SELECT resource_type, id, key, is_removed, 1 AS precedence
        FROM rehearsal_resource
        WHERE organization_id = $1 AND import_uid = $2 AND resource_type = named.resource_type AND id = named.id
        UNION ALL
        SELECT resource_type, id, key, false, 2
        FROM resource
        WHERE organization_id = $1 AND resource_type = named.resource_type AND id = named.id
    ) AS either
    ORDER BY precedence
    LIMIT 1
) AS seen
WHERE NOT seen.is_removed;
