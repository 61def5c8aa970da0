-- Say up to which number the events of an organization may be gone, to delete those that have no partition.
--
-- $1 organization_id text, $2 age interval, $3 limit bigint  ->  zero or one row: floor bigint; no row: nothing is old
--
-- Locks the clock until the events are deleted and committed: no reader finds them gone under an old floor.
UPDATE organization_clock
SET floor = greatest(floor, old.seq)
FROM (
    SELECT max(seq) AS seq
    FROM (
        SELECT seq
        FROM event_default
        WHERE organization_id = $1 AND occurred_at < now() - $2::interval
        ORDER BY seq
        LIMIT $3
    ) AS first
) AS old
WHERE organization_id = $1 AND old.seq IS NOT NULL
RETURNING floor;
