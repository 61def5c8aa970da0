-- Spell the command that keeps a partition of the events from getting any more of them.
--
-- $1 name text  ->  one row: command text
--
-- Takes no lock. The command locks out writers of the partition, and no readers, until the end of the transaction.
SELECT format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', $1::text) AS command;
