-- Say that an organization has a unit ready.
--
-- $1 organization_id text  ->  nothing
--
-- Locks the lane, therefore in a transaction of its own after the commit that made the unit ready. Whether the lane rests
-- is no condition: one that it does not meet now would not wait for the claim that is just putting it to rest. A lane
-- asleep has no unfinished import; it is left to creation, which knows its turn. Who has rested goes on from the smallest
-- turn of those that wait, or, when none does, from the largest of all.
UPDATE lane
SET turn = CASE
        WHEN rests THEN greatest(
            turn,
            coalesce(
                (SELECT min(waiting.turn) FROM lane AS waiting WHERE waiting.wake_at < 'infinity' AND NOT waiting.rests),
                (SELECT max(any_lane.turn) FROM lane AS any_lane)
            )
        )
        ELSE turn
    END,
    wake_at = least(wake_at, now()),
    rests = false
WHERE organization_id = $1 AND wake_at < 'infinity';
