-- Say which resources belong to owners, given with the types of what is asked for.
--
-- $1 organization_id text, $2 owner_ids text[] and $3 types text[] (parallel)  ->  rows: resource_type text, id text
--
-- Takes no lock. OFFSET 0 keeps each owner's items one index look-up on a table that was never analysed.
SELECT found.resource_type, found.id
FROM unnest($2::text[], $3::text[]) AS o (owner_id, item_type)
CROSS JOIN LATERAL (
    SELECT resource_type, id
    FROM resource
    WHERE organization_id = $1 AND owner_id = o.owner_id AND resource_type = o.item_type
    OFFSET 0
) AS found;
