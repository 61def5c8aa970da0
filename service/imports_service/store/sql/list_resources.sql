-- Read a page of the resources of one type, in the order of their ids.
--
-- $1 organization_id text, $2 resource_type text, $3 id text (the last before the page, '' for the first page),
-- $4 limit bigint  ->  resources
--
-- Takes no lock.
SELECT resource_type, id, key, owner_id, attributes, created_at, updated_at, last_import
FROM resource
WHERE organization_id = $1 AND resource_type = $2 AND id > $3
ORDER BY id
LIMIT $4;
