-- Spell the command that drops a partition of the events with all that is in it.
--
-- $1 name text  ->  one row: command text
--
-- Takes no lock. The command locks the table against everybody until the commit.
SELECT format('DROP TABLE %I', $1::text) AS command;
