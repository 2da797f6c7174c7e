-- errors_seen: one row per thing that went wrong, as it happened, with the step it happened in.
-- Narrow with: SET VARIABLE session_id = '…'; or trace_id.
SELECT
  errors.at,
  errors.session_id,
  errors.agent,
  errors.type,
  errors.message,
  errors.code_function,
  steps.title AS step,
  errors.plan_id,
  errors.step_id,
  errors.linked_by,
  errors.trace_id,
  errors.span_id
FROM errors
LEFT JOIN plan_steps AS steps
  ON steps.plan_id = errors.plan_id AND steps.step_id = errors.step_id
WHERE coalesce(errors.session_id = getvariable('session_id'), getvariable('session_id') IS NULL)
  AND coalesce(errors.trace_id = getvariable('trace_id'), getvariable('trace_id') IS NULL)
ORDER BY errors.at, errors.trace_id, errors.span_id
