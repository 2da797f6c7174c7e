-- step_timeline: one row per thing that happened to a step: appeared, changed, renamed, dropped.
-- Ordered as it happened.
-- Narrow with: SET VARIABLE plan_id = '…';
SELECT
  "at",
  plan_id,
  revision,
  position,
  title,
  previous_status,
  status,
  source,
  identity_source,
  step_id,
  trace_id,
  span_id
FROM plan_step_history
WHERE coalesce(plan_id = getvariable('plan_id'), true)
ORDER BY "at", plan_id, revision, position, title
