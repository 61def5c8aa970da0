-- Give a unit back under its lease.
--
-- $1 organization_id text, $2 import_uid uuid, $3 segment integer, $4 lease_token uuid, $5 delay interval,
-- $6 attempts to count integer, $7 given up boolean, $8 error text
-- ->  zero or one row: attempts integer; no row means that the lease is lost
--
-- Locks the unit. What nobody will run again becomes void: a unit given up, a segment of an import being closed.
WITH import_open AS (
    SELECT count(*) AS imports
    FROM import
    WHERE organization_id = $1 AND uid = $2 AND closing IS NULL
)
UPDATE unit
SET state = CASE WHEN $7 OR (unit.segment >= 0 AND import_open.imports = 0) THEN 'void' ELSE 'ready' END,
    ready_at = now() + $5,
    attempts = attempts + $6,
    last_error = $8,
    lease_token = NULL,
    lease_until = NULL
FROM import_open
WHERE unit.organization_id = $1 AND unit.import_uid = $2 AND unit.segment = $3
    AND unit.state = 'leased' AND unit.lease_token = $4
RETURNING unit.attempts;
