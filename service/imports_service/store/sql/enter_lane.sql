-- Wake an organization's lane for a new import, making the lane if there is none.
--
-- $1 organization_id text  ->  one row: turn bigint, the turn of the import's first segment
--
-- Locks the lane until the creation commits, so that no claim puts it to sleep meanwhile. Who has slept gets no credit
-- for it: the lane starts at the smallest turn of those awake, or, when all sleep, at the largest of all. SELECT, because Citus
-- takes no subquery in VALUES.
INSERT INTO lane (organization_id, turn, wake_at)
SELECT
    $1,
    coalesce((SELECT min(turn) FROM lane WHERE wake_at < 'infinity'), (SELECT max(turn) FROM lane), 0),
    now()
ON CONFLICT (organization_id) DO UPDATE
SET wake_at = excluded.wake_at,
    turn = CASE WHEN lane.wake_at = 'infinity' THEN greatest(lane.turn, excluded.turn) ELSE lane.turn END
RETURNING turn;
