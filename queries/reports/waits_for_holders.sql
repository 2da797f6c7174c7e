-- waits_for_holders: one row per lock and pair of owners, the one who waited and the one it waited
-- for. The longest waits first.
-- Narrow with: SET VARIABLE lock_key = '…';
SELECT
  lock_key,
  owner AS waiter,
  holder,
  holder_operation,
  count(*) AS waits,
  round(sum(wait_ms), 3) AS wait_ms,
  round(max(wait_ms), 3) AS longest_wait_ms,
  count_if(event NOT IN ('acquired', 'waiting')) AS given_up
FROM lock_waits
WHERE coalesce(lock_key = getvariable('lock_key'), true)
GROUP BY lock_key, owner, holder, holder_operation
ORDER BY sum(wait_ms) DESC NULLS LAST, lock_key, waiter, holder
