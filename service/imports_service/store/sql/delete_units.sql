-- Delete the units of an import that is being deleted, or is gone.
--
-- $1 organization_id text, $2 import_uid uuid  ->  nothing
--
-- SKIP LOCKED: a unit that is just being claimed stays, and goes with what is left of the import's objects.
WITH unlocked AS (
    SELECT segment
    FROM unit
    WHERE organization_id = $1 AND import_uid = $2
    FOR UPDATE SKIP LOCKED
)
DELETE FROM unit
USING unlocked
WHERE unit.organization_id = $1 AND unit.import_uid = $2 AND unit.segment = unlocked.segment;
