-- Hold leases for another while.
--
-- $1 organization_id text, $2 lease tokens text[], $3 lease interval  ->  rows: lease_token text, those extended
--
-- SKIP LOCKED: a locked unit is being finished, or rescued; waiting for it would hold up all the others.
WITH held AS (
    SELECT leased.import_uid, leased.segment
    FROM unnest($2::text[]) AS k (lease_token)
    CROSS JOIN LATERAL (
        SELECT import_uid, segment
        FROM unit
        WHERE organization_id = $1 AND state = 'leased' AND lease_token = k.lease_token::uuid
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    ) AS leased
)
UPDATE unit
SET lease_until = now() + $3
FROM held
WHERE unit.organization_id = $1 AND unit.import_uid = held.import_uid AND unit.segment = held.segment
RETURNING unit.lease_token::text AS lease_token;
