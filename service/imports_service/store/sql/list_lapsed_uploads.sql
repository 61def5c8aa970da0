-- Find uploads that nobody extends any more.
--
-- $1 limit bigint  ->  rows: organization_id text, uid text
--
-- Takes no lock: it reads all organizations, and what it says may be old by the time it is used.
SELECT organization_id, uid::text AS uid
FROM upload
WHERE lease_until < now()
ORDER BY lease_until
LIMIT $1;
