-- Read every resource that a segment may change, and keep every other change of them waiting.
--
-- $1 organization_id text, $2 types text[] and $3 keys text[] (parallel), $4 types text[] and $5 ids text[] (parallel)
-- ->  resources, each once; names without a resource are left out
--
-- Locks the resources in the order of the primary key, in one statement, whatever they were named by: two segments that
-- share resources queue, and never wait for each other crosswise. The keys are resolved before anything is locked. On a
-- table that was never analysed only this form reads one row per name.
WITH named AS MATERIALIZED (
    SELECT keyed.resource_type, keyed.id
    FROM unnest($2::text[], $3::text[]) AS k (resource_type, key)
    CROSS JOIN LATERAL (
        SELECT resource_type, id
        FROM resource
        WHERE organization_id = $1 AND resource_type = k.resource_type AND key = k.key
        LIMIT 1
    ) AS keyed
    UNION
    SELECT k.resource_type COLLATE "C", k.id COLLATE "C"
    FROM unnest($4::text[], $5::text[]) AS k (resource_type, id)
)
SELECT locked.resource_type, locked.id, locked.key, locked.owner_id, locked.attributes, locked.created_at
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
