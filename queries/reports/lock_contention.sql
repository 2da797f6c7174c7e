-- lock_contention: one row per lock: how often it was wanted, waited for and given up, and how long.
-- The most waited for first; `held_longest` is whose hold was the longest.
-- Narrow with: SET VARIABLE lock_key = '…'; or session_id (of those who wanted it).
WITH asked AS (
  SELECT lock_key, count(DISTINCT lock_id) AS requests
  FROM lock_events
  WHERE coalesce(session_id = getvariable('session_id'), getvariable('session_id') IS NULL)
  GROUP BY lock_key
),
waited AS (
  SELECT
    lock_key,
    count(*) AS waits,
    count_if(event IN ('timed_out', 'denied', 'cancelled')) AS given_up,
    count_if(event = 'waiting') AS waiting,
    sum(wait_ms) AS wait_ms,
    quantile_cont(wait_ms, 0.95) AS p95_wait_ms
  FROM lock_waits
  WHERE coalesce(session_id = getvariable('session_id'), getvariable('session_id') IS NULL)
  GROUP BY lock_key
),
held AS (
  SELECT
    lock_key,
    sum(hold_ms) AS hold_ms,
    max(hold_ms) AS longest_hold_ms,
    max_by(owner, hold_ms) AS held_longest
  FROM lock_holders
  GROUP BY lock_key
)
SELECT
  asked.lock_key,
  asked.requests,
  coalesce(waited.waits, 0) AS waits,
  coalesce(waited.given_up, 0) AS given_up,
  coalesce(waited.waiting, 0) AS waiting,
  round(waited.wait_ms, 3) AS wait_ms,
  round(waited.p95_wait_ms, 3) AS p95_wait_ms,
  round(held.hold_ms, 3) AS hold_ms,
  round(held.longest_hold_ms, 3) AS longest_hold_ms,
  held.held_longest
FROM asked
LEFT JOIN waited ON waited.lock_key = asked.lock_key
LEFT JOIN held ON held.lock_key = asked.lock_key
WHERE coalesce(asked.lock_key = getvariable('lock_key'), true)
ORDER BY waited.wait_ms DESC NULLS LAST, asked.lock_key
