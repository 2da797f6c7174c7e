-- lock_waits: one row per request that had to wait, or gave up. `event` is how it ended: acquired,
-- timed_out, denied, cancelled, or waiting if it has not; `wait_ms` is NULL while it waits. `holder`
-- had the lock when it was asked for: as the waiting process knew, else as the events of all
-- processes tell; `holder_id` is that life in lock_holders.
WITH moment AS (
  SELECT resource, lock_id, requested_ns AS at_ns, CAST(NULL AS VARCHAR) AS taker_id
  FROM lock_lives
  UNION ALL
  SELECT resource, lock_id, acquired_ns, lock_id
  FROM lock_lives
  WHERE acquired_ns IS NOT NULL
),
around AS (
  SELECT
    lock_id,
    taker_id,
    last_value(taker_id IGNORE NULLS) OVER (
      PARTITION BY resource ORDER BY at_ns, lock_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS before_id,
    first_value(taker_id IGNORE NULLS) OVER (
      PARTITION BY resource ORDER BY at_ns, lock_id ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    ) AS after_id
  FROM moment
),
seen AS (
  SELECT lock_id, before_id, nullif(after_id, lock_id) AS after_id
  FROM around
  WHERE taker_id IS NULL
),
wait AS (
  SELECT
    life.*,
    coalesce(
      life.told_holder_id,
      CASE WHEN before.held_until_ns IS NULL OR before.held_until_ns > life.requested_ns
        THEN before.lock_id END,
      CASE WHEN life.waited_until_ns IS NULL OR later.acquired_ns < life.waited_until_ns
        THEN later.lock_id END
    ) AS holder_id
  FROM lock_lives AS life
  LEFT JOIN seen ON seen.lock_id = life.lock_id
  LEFT JOIN lock_lives AS before ON before.lock_id = seen.before_id
  LEFT JOIN lock_lives AS later ON later.lock_id = seen.after_id
  WHERE life.wait_ms > 0 OR life.acquired_ns IS NULL
)
SELECT
  wait.lock_key,
  wait.lock_id,
  wait.operation,
  wait.owner,
  CASE WHEN wait.acquired_ns IS NOT NULL THEN 'acquired' ELSE wait.fate END AS event,
  at_nanos(wait.requested_ns) AS "at",
  wait.wait_ms,
  wait.hold_ms,
  wait.plan_id,
  wait.step_id,
  wait.trace_id,
  wait.span_id,
  coalesce(holding.owner, wait.told_holder) AS holder,
  wait.holder_id,
  holding.operation AS holder_operation,
  holding.plan_id AS holder_plan_id,
  holding.step_id AS holder_step_id,
  at_nanos(holding.acquired_ns) AS holder_since,
  wait.queue_position,
  wait.kind,
  wait.session_id,
  wait.agent
FROM wait
LEFT JOIN lock_lives AS holding ON holding.lock_id = wait.holder_id
