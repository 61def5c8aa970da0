-- Find organizations with events that have no partition and are older than watchers may ask for.
--
-- $1 age interval, $2 limit bigint (of events looked at)  ->  rows: organization_id text
--
-- Takes no lock: it reads all organizations, and what it says may be old by the time it is used.
SELECT DISTINCT organization_id
FROM (
    SELECT organization_id
    FROM event_default
    WHERE occurred_at < now() - $1::interval
    ORDER BY occurred_at
    LIMIT $2
) AS old;
