-- Make the segments of an import that has waited for others ready: all of them, or in order the first.
--
-- $1 organization_id text, $2 import_uid uuid, $3 in_order boolean, $4 turns bigint (by which they come later than was
-- said at the creation)  ->  nothing
--
-- Locks the segments, before the import's row. Done twice it changes nothing: of an import in order the first is not
-- waiting then, of any other none.
UPDATE unit
SET state = 'ready', ready_at = now(), turn = turn + $4
WHERE organization_id = $1
    AND import_uid = $2
    AND segment >= 0
    AND (segment = 0 OR NOT $3::boolean)
    AND state = 'waiting';
