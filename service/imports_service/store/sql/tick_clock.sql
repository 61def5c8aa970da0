-- Take the next number of an organization's events.
--
-- $1 organization_id text  ->  one row: seq bigint
--
-- Locks the clock, last of all locks and until the commit: the order of numbers is the order of commits.
INSERT INTO organization_clock (organization_id, seq)
VALUES ($1, 1)
ON CONFLICT (organization_id) DO UPDATE
SET seq = organization_clock.seq + 1
RETURNING seq;
