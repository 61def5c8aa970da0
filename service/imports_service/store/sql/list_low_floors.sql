-- Find organizations that have readable events from before a time.
--
-- $1 before timestamptz, $2 limit bigint  ->  rows: organization_id text
--
-- Takes no lock: it reads all organizations, and what it says may be old by the time it is used. It looks into the key of
-- the events clock by clock; without the IS TRUE PostgreSQL would make a join of it, and read all of these events.
SELECT clock.organization_id
FROM organization_clock AS clock
WHERE EXISTS (
    SELECT 1
    FROM event
    WHERE event.organization_id = clock.organization_id AND event.seq > clock.floor AND event.occurred_at < $1
) IS TRUE
LIMIT $2;
