-- Read what resources own of one type, in the order of their lists.
--
-- $1 organization_id text, $2 resource_type text (of what is owned), $3 ids of owners text[]  ->  rows: owner_id text,
-- id text, attributes text
--
-- Takes no lock. OFFSET 0 keeps the type out of the look-up by owner: on a table that was never analysed the primary key
-- looks as good for it, and that reads the whole organization.
SELECT k.owner_id, owned.id, owned.attributes::text AS attributes
FROM unnest($3::text[]) AS k (owner_id)
CROSS JOIN LATERAL (
    SELECT resource_type, id, attributes, created_at
    FROM resource
    WHERE organization_id = $1 AND owner_id = k.owner_id
    OFFSET 0
) AS owned
WHERE owned.resource_type = $2
ORDER BY k.owner_id, owned.created_at, owned.id;
