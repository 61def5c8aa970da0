-- Choose the organization whose turn it is.
--
-- no parameters  ->  zero or one row: organization_id text, release_due boolean (it is time to look at the imports that
-- wait for others)
--
-- Locks the lane until the claim is over. SKIP LOCKED lets workers pass each other: two that claim at once take two
-- organizations. Sleeping lanes (wake_at at infinity) are not in the index.
SELECT organization_id, release_at <= now() AS release_due
FROM lane
WHERE wake_at <= now() AND wake_at < 'infinity'
ORDER BY turn, organization_id
LIMIT 1
FOR UPDATE SKIP LOCKED;
