-- failed_tools: one row per tool call that failed, was refused or, for a command, exited non-zero.
-- Narrow with: SET VARIABLE session_id = '…'; or tool.
SELECT
  calls.started_at,
  calls.session_id,
  calls.agent,
  calls.tool,
  calls.arguments,
  calls.error,
  calls.decision,
  steps.title AS step,
  calls.linked_by,
  calls.call_id,
  calls.trace_id,
  calls.span_id
FROM tool_calls AS calls
LEFT JOIN plan_steps AS steps
  ON steps.plan_id = calls.plan_id AND steps.step_id = calls.step_id
WHERE NOT calls.ok
  AND coalesce(calls.session_id = getvariable('session_id'), true)
  AND coalesce(calls.tool = getvariable('tool'), true)
ORDER BY calls.started_at, calls.session_id, calls.call_id
