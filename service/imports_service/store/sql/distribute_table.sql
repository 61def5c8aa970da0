-- Spread a table over the nodes by organization, and move its rows there.
--
-- $1 table text, $2 table text that it shall lie beside, or 'none'  ->  one row
--
-- Locks the table against writers until its rows are moved. For a coordinator only.
SELECT create_distributed_table($1::text::regclass, 'organization_id', colocate_with => $2) AS done;
