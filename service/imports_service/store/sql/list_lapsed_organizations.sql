-- Find the organizations with leases that have run out.
--
-- $1 limit bigint  ->  rows: organization_id text
--
-- Takes no lock: it reads all organizations, and what it says may be old by the time it is used.
SELECT DISTINCT organization_id
FROM unit
WHERE state = 'leased' AND lease_until < now()
LIMIT $1;
