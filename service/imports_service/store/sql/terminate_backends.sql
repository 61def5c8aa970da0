-- End the connections of frozen workers, and with them their transactions and locks.
--
-- $1 workers text[], $2 lease interval  ->  rows: pid integer, ended boolean
--
-- Takes no lock. No timeout of the server ends a COPY whose client is silent; only a transaction older than a lease is
-- ended, so that one which is just late goes through. MATERIALIZED, because among conditions the planner would choose
-- the order, and end a connection before it looks at its age.
WITH frozen AS MATERIALIZED (
    SELECT pid
    FROM pg_stat_activity
    WHERE datname = current_database()
        AND application_name = ANY ($1::text[])
        AND xact_start < now() - $2::interval
        AND pid <> pg_backend_pid()
)
SELECT pid, pg_terminate_backend(pid) AS ended
FROM frozen;
