-- Give up rather than wait longer for a lock in this transaction.
--
-- no parameters  ->  nothing
--
-- While somebody waits for the whole table, everybody who comes later waits behind.
SET LOCAL lock_timeout = '100ms';
