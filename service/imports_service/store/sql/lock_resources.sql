-- Read every resource that a segment may change, and keep every other change of them waiting.
--
-- $1 organization_id text, $2 types text[] and $3 keys text[] (parallel), $4 types text[] and $5 ids text[] (parallel;
-- both by type, see named.py)
-- ->  resources, each once, their time of creation as PostgreSQL sends it; names without a resource are left out
--
-- Locks the resources in the order of the primary key, in one statement, whatever they were named by: two segments that
-- share resources queue, and never wait for each other crosswise. The keys are resolved before anything is locked. On a
-- table that was never analysed only this form reads one row per name.
WITH named AS MATERIALIZED (
    SELECT keyed.resource_type, keyed.id
    FROM unnest($2::text[], $3::text[]) AS t (resource_type, keys)
    CROSS JOIN LATERAL unnest(string_to_array(t.keys, E'\x1D')) AS k (key)
    CROSS JOIN LATERAL (
        SELECT resource_type, id
        FROM resource
        WHERE organization_id = $1 AND resource_type = t.resource_type AND key = k.key
        LIMIT 1
    ) AS keyed
    UNION
    SELECT t.resource_type COLLATE "C", i.id COLLATE "C"
    FROM unnest($4::text[], $5::text[]) AS t (resource_type, ids)
    CROSS JOIN LATERAL unnest(string_to_array(t.ids, E'\x1D')) AS i (id)
)
SELECT locked.resource_type, locked.id, locked.key, locked.owner_id, locked.attributes,
    timestamptz_send(locked.created_at) AS created_at
FROM (
    SELECT resource_type, id
    FROM named
    ORDER BY resource_type COLLATE "C", id COLLATE "C"
    OFFSET 0
) AS ordered
CROSS JOIN LATERAL (
    SELECT resource_type, id, key, owner_id, attributes, created_at
    FROM resource
    WHERE organization_id = $1 AND resource_type = ordered.resource_type AND id = ordered.id
    FOR NO KEY UPDATE
) AS locked;
