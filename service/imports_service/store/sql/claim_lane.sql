-- Choose the organization whose turn it is.
--
-- no parameters  ->  zero or one row: organization_id text, turn bigint (to which the rows given now are added),
-- unit_turn bigint, release_due boolean (it is time to look at the imports that wait for others)
--
-- Locks the lane until the claim is over. SKIP LOCKED lets workers pass each other: two that claim at once take two
-- organizations. Of lanes with the same turn the one that has waited longest comes first. Who has rested gets no credit
-- for it, also when nobody woke the lane: it goes on from the smallest turn of those that wait, or, when none does,
-- from the largest of all. Sleeping lanes (wake_at at infinity) are not in the index.
SELECT
    organization_id,
    CASE
        WHEN rests THEN greatest(
            turn,
            coalesce(
                (SELECT min(waiting.turn) FROM lane AS waiting WHERE waiting.wake_at < 'infinity' AND NOT waiting.rests),
                (SELECT max(any_lane.turn) FROM lane AS any_lane)
            )
        )
        ELSE turn
    END AS turn,
    unit_turn,
    release_at <= now() AS release_due
FROM lane
WHERE wake_at <= now() AND wake_at < 'infinity'
ORDER BY lane.turn, lane.wake_at, lane.organization_id
LIMIT 1
FOR UPDATE SKIP LOCKED;
