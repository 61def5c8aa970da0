-- Read the ids of the next resources of one type to export, in order.
--
-- $1 organization_id text, $2 resource_type text, $3 id text (the last before the page, '' for the first page),
-- $4 limit bigint, $5 updated_since timestamptz or NULL, $6 attribute of the parent text, $7 id of the parent text or
-- NULL  ->  rows: id text, is_wanted boolean
--
-- Takes no lock. Goes through resources as list_exported_resources does, without reading what is large.
SELECT
    id,
    updated_at >= coalesce($5::timestamptz, '-infinity')
        AND ($7::text IS NULL OR attributes ->> $6::text = $7::text) AS is_wanted
FROM resource
WHERE organization_id = $1 AND resource_type = $2 AND id > $3
ORDER BY id
LIMIT $4;
