-- Tell the time of the transaction, on the only clock that counts.
--
-- no parameters  ->  one row: now timestamptz
--
-- Takes no lock.
SELECT now() AS now;
