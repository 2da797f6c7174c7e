-- actions: one row per action that was committed or tried; `seq` counts within its session.
-- `parent_id` is the action in whose course it happened. `outcome` is NULL where whoever recorded it
-- could not know. The same `dedupe_key` is the same action on the same thing.
SELECT
  seq,
  at_nanos(at_ns) AS "at",
  trace_id,
  parent_id,
  session_id,
  action_type,
  target_kind,
  target_id,
  scope_kind,
  scope_id,
  source,
  resolver_path,
  reason_code,
  outcome,
  meaningful,
  dedupe_key,
  action_id,
  delta,
  agent,
  plan_id,
  step_id,
  span_id,
  named_by AS linked_by
FROM owned_actions
