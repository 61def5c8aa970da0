-- Write the changed resources that were copied into this connection's table.
--
-- $1 organization_id text, $2 done_at timestamptz, $3 last_import text  ->  nothing
--
-- The rows are locked already. ON CONFLICT, because an UPDATE with a join reads the whole organization on a table that
-- was never analysed; created_at is that of a row which is never inserted.
INSERT INTO resource (
    organization_id, resource_type, id, key, owner_id, attributes, created_at, updated_at, last_import
)
SELECT $1, resource_type, id, key, owner_id, attributes, $2, $2, $3
FROM changed_resource
ORDER BY resource_type, id
ON CONFLICT (organization_id, resource_type, id) DO UPDATE
SET key = excluded.key,
    owner_id = excluded.owner_id,
    attributes = excluded.attributes,
    updated_at = excluded.updated_at,
    last_import = excluded.last_import;
