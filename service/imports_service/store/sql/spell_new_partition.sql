-- Spell the command that makes a partition of the events, since names and bounds are no parameters.
--
-- $1 name text, $2 since timestamptz, $3 until timestamptz  ->  one row: command text
--
-- Takes no lock. The command locks the table against everybody until the commit.
SELECT format('CREATE TABLE %I PARTITION OF event FOR VALUES FROM (%L) TO (%L)', $1::text, $2::timestamptz, $3::timestamptz)
    AS command;
