-- Wake an organization's lane for a new import, making the lane if there is none.
--
-- $1 organization_id text, $2 begins boolean (it has no unfinished import)
-- ->  one row: unit_turn bigint, the turn of the import's first segment within the organization
--
-- Locks the lane until the creation commits, so that no claim puts it to sleep meanwhile. Who begins to wait starts at the
-- smallest turn of those who wait, or, when none does, at the largest of all: behind nobody, with no credit for its sleep
-- and no debt from before. An organization that only rested keeps what it owes. SELECT, because Citus takes no subquery in
-- VALUES.
INSERT INTO lane (organization_id, turn, wake_at)
SELECT
    $1,
    coalesce(
        (SELECT min(turn) FROM lane WHERE wake_at < 'infinity' AND NOT rests),
        (SELECT max(turn) FROM lane),
        0
    ),
    now()
ON CONFLICT (organization_id) DO UPDATE
SET turn = CASE
        WHEN $2::boolean OR lane.wake_at = 'infinity' THEN excluded.turn
        WHEN lane.rests THEN greatest(lane.turn, excluded.turn)
        ELSE lane.turn
    END,
    wake_at = CASE WHEN $2::boolean THEN excluded.wake_at ELSE least(lane.wake_at, excluded.wake_at) END,
    rests = false
RETURNING unit_turn;
