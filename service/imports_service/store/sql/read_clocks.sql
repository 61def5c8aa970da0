-- Read the clocks of organizations.
--
-- $1 organization_ids text[]  ->  rows: organization_id text, seq bigint, read_at timestamptz
--
-- Takes no lock. The only statement of a watch that reads more than one organization.
SELECT organization_id, seq, now() AS read_at
FROM organization_clock
WHERE organization_id = ANY ($1::text[]);
