-- Say whether imports of an organization wait for this one.
--
-- $1 organization_id text, $2 uid text  ->  one row: awaited boolean
--
-- Takes no lock. Reads the imports that wait, which have an index of their own.
SELECT EXISTS (
    SELECT FROM import WHERE organization_id = $1 AND status = 'pending' AND after <> '{}' AND $2 = ANY (after)
) AS awaited;
