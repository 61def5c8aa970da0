-- Find organizations that have readable events from before a time, and to where their floors are to be raised.
--
-- $1 before timestamptz, $2 limit bigint  ->  rows: organization_id text, seq bigint (of its newest event before then)
--
-- Takes no lock: it reads all organizations, and what it says may be old by the time it is used.
SELECT event.organization_id, max(event.seq) AS seq
FROM event
JOIN organization_clock AS clock ON clock.organization_id = event.organization_id
WHERE event.occurred_at < $1 AND event.seq > clock.floor
GROUP BY event.organization_id
LIMIT $2;
