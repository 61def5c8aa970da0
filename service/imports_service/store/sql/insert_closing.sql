-- Make the closing of an import a unit of work, ready at once, at the import's own first turn.
--
-- $1 organization_id text, $2 import_uid uuid  ->  nothing
--
-- Runs in the transaction that says how the import will end, which happens once. Locks nothing that exists.
INSERT INTO unit (organization_id, import_uid, segment, first_row, row_count, turn, state)
SELECT organization_id, uid, -1, 0, 0, turn, 'ready'
FROM import
WHERE organization_id = $1 AND uid = $2;
