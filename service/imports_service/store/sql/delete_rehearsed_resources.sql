-- Delete resources from a rehearsal's overlay that are about to be written there anew.
--
-- $1 organization_id text, $2 import_uid uuid, $3 types text[], $4 ids text[] (parallel)  ->  nothing
--
-- Nobody else writes to the overlay meanwhile. By ctid, as delete_resources.
DELETE FROM rehearsal_resource
WHERE organization_id = $1
    AND ctid = ANY (
        ARRAY(
            SELECT found.row_place
            FROM unnest($3::text[], $4::text[]) AS k (resource_type, id)
            CROSS JOIN LATERAL (
                SELECT ctid AS row_place
                FROM rehearsal_resource
                WHERE organization_id = $1 AND import_uid = $2 AND resource_type = k.resource_type AND id = k.id
                FOR UPDATE
            ) AS found
        )
    );
