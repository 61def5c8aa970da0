-- Find imports that have been kept for as long as they are to be.
--
-- $1 limit bigint  ->  rows: organization_id text, import_id text, uid text
--
-- Takes no lock: it reads all organizations, and what it says may be old by the time it is used.
SELECT organization_id, import_id, uid::text AS uid
FROM import
WHERE expires_at <= now()
ORDER BY expires_at
LIMIT $1;
