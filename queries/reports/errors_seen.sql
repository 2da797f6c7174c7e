-- errors_seen: one row per span that ended in error, with its exception if it recorded one.
-- Narrow with: SET VARIABLE session_id = '…'; or trace_id.
WITH failed AS (
  SELECT
    *,
    list_filter(events, lambda event: event.name = 'exception')[-1].attributes AS exception
  FROM spans
  WHERE status_code = 2
    AND coalesce(session_id = getvariable('session_id'), getvariable('session_id') IS NULL)
    AND coalesce(trace_id = getvariable('trace_id'), true)
)
SELECT
  ended_at,
  service_name,
  session_id,
  name AS span,
  tool_name,
  coalesce(exception['exception.type'], error_type) AS type,
  coalesce(exception['exception.message'], status_message) AS message,
  plan_id,
  step_id,
  trace_id,
  span_id
FROM failed
ORDER BY ended_at, trace_id, span_id
