-- error_logs: one row per log record that tells of an error: it has exception.*, or the class of an
-- error and is not the report of a model or tool call, which counts among those.
SELECT
  trace_id,
  span_id,
  session_id,
  agent_name,
  plan_id,
  step_id,
  event_name,
  nanos("at") AS at_ns,
  attributes,
  body,
  error_type
FROM logs
WHERE error_type IS NOT NULL
  AND (attributes['exception.type'] IS NOT NULL OR attributes['exception.message'] IS NOT NULL
    OR (tool_name IS NULL AND model IS NULL))
UNION ALL
SELECT
  trace_id,
  span_id,
  session_id,
  agent_name,
  plan_id,
  step_id,
  event_name,
  nanos("at") AS at_ns,
  attributes,
  body,
  error_type
FROM logs
WHERE error_type IS NULL
  AND event_name IN ('exception', 'spanledger.error.captured', 'spanledger.agent.error')
