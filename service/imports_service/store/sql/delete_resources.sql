-- Delete resources by id.
--
-- $1 organization_id text, $2 types text[], $3 ids text[] (parallel)  ->  nothing
--
-- The rows are locked already. By ctid: a join or ANY on the id reads the whole organization on a table that was
-- never analysed.
DELETE FROM resource
WHERE organization_id = $1
    AND ctid = ANY (
        ARRAY(
            SELECT found.row_place
            FROM unnest($2::text[], $3::text[]) AS k (resource_type, id)
            CROSS JOIN LATERAL (
                SELECT ctid AS row_place
                FROM resource
                WHERE organization_id = $1 AND resource_type = k.resource_type AND id = k.id
                FOR UPDATE
            ) AS found
        )
    );
