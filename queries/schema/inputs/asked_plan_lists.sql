-- asked_plan_lists: one row per planning call read from messages that was answered, and not with an
-- error; it holds from when the model had asked for it.
SELECT
  dialect,
  source,
  session_id,
  agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  arguments AS document,
  explanation_in(arguments) AS reason,
  at_ns,
  tie
FROM asked_plans
WHERE ok AND arguments IS NOT NULL
