-- Read every resource that a segment of a rehearsal would change, as its overlay over the environment shows it.
--
-- $1 organization_id text, $2 import_uid uuid, $3 types text[] and $4 keys text[] (parallel), $5 types text[] and
-- $6 ids text[] (parallel; both by type, see named.py), $7 types text[] of owners and $8 types text[] of what they own
-- (parallel), $9 types text[], $10 references text[] and $11 target types text[] (parallel): by which references those
-- of a type hold others
-- ->  rows: resource_type text, id text, key text, owner_id text, attributes text, created_at bytea, as PostgreSQL
-- sends it
--
-- As lock_nested_resources, but takes no lock. Names are looked for in both tables; then what the overlay says of an id
-- wins, and what would be removed is left out. LATERAL with LIMIT, or OFFSET 0, keeps the planner at one index look-up
-- per name and table on tables that were never analysed. Items are found by their owner alone, and in any order: by
-- type, or sorted for a UNION, the primary key looks as good, and reads a whole overlay.
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
),
held AS MATERIALIZED (
    SELECT h.target_type COLLATE "C" AS resource_type, holder.id
    FROM named
    JOIN unnest($9::text[], $10::text[], $11::text[]) AS h (resource_type, reference, target_type)
        ON h.resource_type = named.resource_type
    CROSS JOIN LATERAL (
        SELECT (attributes ->> h.reference) COLLATE "C" AS id
        FROM (
            SELECT attributes, 1 AS precedence
            FROM rehearsal_resource
            WHERE organization_id = $1 AND import_uid = $2 AND resource_type = named.resource_type AND id = named.id
            UNION ALL
            SELECT attributes, 2
            FROM resource
            WHERE organization_id = $1 AND resource_type = named.resource_type AND id = named.id
        ) AS either
        ORDER BY precedence
        LIMIT 1
    ) AS holder
    WHERE holder.id IS NOT NULL
),
children AS MATERIALIZED (
    SELECT DISTINCT child.resource_type, child.id
    FROM named
    JOIN unnest($7::text[], $8::text[]) AS o (owner_type, item_type) ON o.owner_type = named.resource_type
    CROSS JOIN LATERAL (
        (
            SELECT resource_type, id
            FROM rehearsal_resource
            WHERE organization_id = $1 AND import_uid = $2 AND owner_id = named.id
            OFFSET 0
        )
        UNION ALL
        (
            SELECT resource_type, id
            FROM resource
            WHERE organization_id = $1 AND owner_id = named.id
            OFFSET 0
        )
    ) AS child
    WHERE child.resource_type = o.item_type
),
grandchildren AS MATERIALIZED (
    SELECT DISTINCT child.resource_type, child.id
    FROM children
    JOIN unnest($7::text[], $8::text[]) AS o (owner_type, item_type) ON o.owner_type = children.resource_type
    CROSS JOIN LATERAL (
        (
            SELECT resource_type, id
            FROM rehearsal_resource
            WHERE organization_id = $1 AND import_uid = $2 AND owner_id = children.id
            OFFSET 0
        )
        UNION ALL
        (
            SELECT resource_type, id
            FROM resource
            WHERE organization_id = $1 AND owner_id = children.id
            OFFSET 0
        )
    ) AS child
    WHERE child.resource_type = o.item_type
)
SELECT seen.resource_type, seen.id, seen.key, seen.owner_id, seen.attributes,
    timestamptz_send(seen.created_at) AS created_at
FROM (
    SELECT resource_type, id FROM named
    UNION
    SELECT resource_type, id FROM held
    UNION
    SELECT resource_type, id FROM children
    UNION
    SELECT resource_type, id FROM grandchildren
) AS everything
CROSS JOIN LATERAL (
    SELECT resource_type, id, key, owner_id, attributes, created_at, is_removed
    FROM (
        SELECT resource_type, id, key, owner_id, attributes, created_at, is_removed, 1 AS precedence
        FROM rehearsal_resource
        WHERE organization_id = $1
            AND import_uid = $2
            AND resource_type = everything.resource_type
            AND id = everything.id
        UNION ALL
        SELECT resource_type, id, key, owner_id, attributes, created_at, false, 2
        FROM resource
        WHERE organization_id = $1 AND resource_type = everything.resource_type AND id = everything.id
    ) AS either
    ORDER BY precedence
    LIMIT 1
) AS seen
WHERE NOT seen.is_removed;
