-- Say whether there is a lane that a claim has not looked at, or that another claim holds.
--
-- no parameters  ->  one row: awake boolean
--
-- Takes no lock. In the transaction of a claim: what that has put to rest is not awake any more.
SELECT EXISTS (
    SELECT FROM lane WHERE wake_at <= now() AND wake_at < 'infinity'
) AS awake;
