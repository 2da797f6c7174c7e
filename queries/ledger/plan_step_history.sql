-- plan_step_history: one row per first appearance, change of status, renaming or removal of a step.
-- Read it ordered by "at", revision, position. `identity_source` says why this is the same step as
-- before: explicit or tool_id (the emitter's own id), text (same title), position or inferred
-- (renamed: alike, at the same place or elsewhere).
SELECT
  plan_id,
  revision,
  step_id,
  position,
  title,
  previous_status,
  status,
  at_nanos(at_ns) AS "at",
  trace_id,
  span_id,
  source,
  identity_source
FROM step_states
WHERE is_change
