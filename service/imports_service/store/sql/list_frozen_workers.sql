-- Name the workers whose leases have run out and whose units somebody still holds locked.
--
-- $1 organization_id text  ->  rows: worker text
--
-- Takes no lock. To be run after the rescue: what the rescue could lock is leased no more.
SELECT DISTINCT worker
FROM unit
WHERE organization_id = $1 AND state = 'leased' AND lease_until < now() AND worker IS NOT NULL;
