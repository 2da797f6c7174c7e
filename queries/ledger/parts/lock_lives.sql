-- lock_lives: one row per life of a lock: asked for, had, given back. `fate` is how far it got:
-- waiting, held, released, lost (never given back, but somebody else got the exclusive lock later),
-- timed_out, denied or cancelled.
WITH life AS (
  SELECT
    lock_key,
    lock_id,
    any_value(kind) AS kind,
    concat_ws('#', lock_key, any_value(object)) AS resource,
    coalesce(any_value(mode), 'exclusive') AS mode,
    any_value(operation) AS operation,
    any_value(owner) AS owner,
    min_by(holder, (at_ns, tie)) AS told_holder,
    min_by(holder_id, (at_ns, tie)) AS told_holder_id,
    min(queue_position) AS queue_position,
    max(wait_ms) AS wait_ms,
    max(hold_ms) AS hold_ms,
    min(at_ns) FILTER (WHERE event = 'requested') AS requested_ns,
    min(at_ns) FILTER (WHERE event = 'acquired') AS acquired_ns,
    max(at_ns) FILTER (WHERE event = 'released') AS released_ns,
    max(at_ns) FILTER (WHERE event IN ('timed_out', 'cancelled')) AS given_up_ns,
    any_value(CASE WHEN event IN ('timed_out', 'cancelled')
      THEN CASE WHEN outcome = 'denied' THEN 'denied' ELSE event END END) AS given_up,
    min(session_id) AS session_id,
    min(agent) AS agent,
    min_by(plan_id, (at_ns, tie)) AS plan_id,
    min_by(step_id, (at_ns, tie)) AS step_id,
    min_by(trace_id, (at_ns, tie)) AS trace_id,
    min_by(span_id, (at_ns, tie)) AS span_id
  FROM counted_lock_events
  GROUP BY lock_key, lock_id
),
timed AS (
  SELECT
    * REPLACE (coalesce(acquired_ns, TRY(released_ns - CAST(hold_ms * 1e6 AS BIGINT))) AS acquired_ns)
  FROM life
),
followed AS (
  SELECT
    *,
    CASE WHEN acquired_ns IS NOT NULL AND mode = 'exclusive' THEN lead(acquired_ns) OVER (
      PARTITION BY resource, acquired_ns IS NULL OR mode <> 'exclusive' ORDER BY acquired_ns, lock_id
    ) END AS next_ns
  FROM timed
)
SELECT
  * EXCLUDE (next_ns, given_up, given_up_ns) REPLACE (
    coalesce(requested_ns, TRY(acquired_ns - CAST(wait_ms * 1e6 AS BIGINT)), acquired_ns, given_up_ns)
      AS requested_ns
  ),
  coalesce(acquired_ns, given_up_ns) AS waited_until_ns,
  coalesce(released_ns, next_ns) AS held_until_ns,
  CASE
    WHEN released_ns IS NOT NULL THEN 'released'
    WHEN acquired_ns IS NOT NULL AND next_ns IS NOT NULL THEN 'lost'
    WHEN acquired_ns IS NOT NULL THEN 'held'
    WHEN given_up IS NOT NULL THEN given_up
    ELSE 'waiting'
  END AS fate
FROM followed
