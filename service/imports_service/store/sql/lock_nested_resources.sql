-- Read every resource that a segment may change where rows nest others, and keep every other change of them waiting.
--
-- $1 organization_id text, $2 types text[] and $3 keys text[] (parallel), $4 types text[] and $5 ids text[] (parallel;
-- both by type, see named.py), $6 types text[] of owners and $7 types text[] of what they own (parallel), $8 types
-- text[], $9 references text[] and $10 target types text[] (parallel): by which references the resources of a type hold
-- others
-- ->  resources, each once, their time of creation as PostgreSQL sends it; names without a resource are left out
--
-- As lock_resources, for the same reasons; what the named own, on two levels, and what they hold is found before
-- anything is locked. OFFSET 0 keeps each owner's children one index look-up.
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
),
held AS MATERIALIZED (
    SELECT h.target_type COLLATE "C" AS resource_type, holder.id
    FROM named
    JOIN unnest($8::text[], $9::text[], $10::text[]) AS h (resource_type, reference, target_type)
        ON h.resource_type = named.resource_type
    CROSS JOIN LATERAL (
        SELECT (attributes ->> h.reference) COLLATE "C" AS id
        FROM resource
        WHERE organization_id = $1 AND resource_type = named.resource_type AND id = named.id
        LIMIT 1
    ) AS holder
    WHERE holder.id IS NOT NULL
),
children AS MATERIALIZED (
    SELECT child.resource_type, child.id
    FROM named
    JOIN unnest($6::text[], $7::text[]) AS o (owner_type, item_type) ON o.owner_type = named.resource_type
    CROSS JOIN LATERAL (
        SELECT resource_type, id
        FROM resource
        WHERE organization_id = $1 AND owner_id = named.id AND resource_type = o.item_type
        OFFSET 0
    ) AS child
),
grandchildren AS MATERIALIZED (
    SELECT child.resource_type, child.id
    FROM children
    JOIN unnest($6::text[], $7::text[]) AS o (owner_type, item_type) ON o.owner_type = children.resource_type
    CROSS JOIN LATERAL (
        SELECT resource_type, id
        FROM resource
        WHERE organization_id = $1 AND owner_id = children.id AND resource_type = o.item_type
        OFFSET 0
    ) AS child
)
SELECT locked.resource_type, locked.id, locked.key, locked.owner_id, locked.attributes,
    timestamptz_send(locked.created_at) AS created_at
FROM (
    SELECT resource_type, id
    FROM (
        SELECT resource_type, id FROM named
        UNION
        SELECT resource_type, id FROM held
        UNION
        SELECT resource_type, id FROM children
        UNION
        SELECT resource_type, id FROM grandchildren
    ) AS everything
    ORDER BY resource_type COLLATE "C", id COLLATE "C"
    OFFSET 0
) AS ordered
CROSS JOIN LATERAL (
    SELECT resource_type, id, key, owner_id, attributes, created_at
    FROM resource
    WHERE organization_id = $1 AND resource_type = ordered.resource_type AND id = ordered.id
    FOR NO KEY UPDATE
) AS locked;
