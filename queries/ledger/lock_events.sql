-- lock_events: one row per thing that happened to a lock: requested, acquired, released, timed_out
-- or cancelled. `lock_id` names one life from request to release; `outcome` says more than `event`
-- where there is more: denied (taken, and nobody wanted to wait), error. Read it ordered by "at".
-- Plan and step are those the event or an enclosing span names: not guessed by time, because the
-- events come from the very threads whose work they delay.
SELECT
  lock_key,
  lock_id,
  operation,
  owner,
  event,
  at_nanos(at_ns) AS "at",
  wait_ms,
  hold_ms,
  plan_id,
  step_id,
  trace_id,
  span_id,
  outcome,
  holder,
  queue_position,
  kind,
  mode,
  session_id,
  agent,
  named_by AS linked_by
FROM counted_lock_events
