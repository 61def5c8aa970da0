-- Read what watchers who come back with a token have missed, each of one import, in order.
--
-- $1 organization_id text, $2 uids uuid[], $3 seqs bigint[] (the numbers that they have come to), $4 limit bigint
-- ->  rows: watcher bigint (its place in the arrays, from 1), floor bigint, and an event; all NULL when there is none
--
-- Takes no lock. The floor is of the same moment as the events: one that is above a watcher's number means that some
-- may be gone.
SELECT
    wanted.watcher, clock.floor, missed.seq, missed.kind, missed.previous_status, missed.previous_reference,
    missed.occurred_at, missed.snapshot
FROM unnest($2::uuid[], $3::bigint[]) WITH ORDINALITY AS wanted (uid, seq, watcher)
LEFT JOIN organization_clock AS clock ON clock.organization_id = $1
LEFT JOIN LATERAL (
    SELECT seq, kind, previous_status, previous_reference, occurred_at, snapshot
    FROM event
    WHERE organization_id = $1 AND import_uid = wanted.uid AND event.seq > wanted.seq
    ORDER BY event.seq
    LIMIT $4
) AS missed ON true
ORDER BY wanted.watcher, missed.seq;
