-- error_spans: one row per exception a span recorded, or span that failed without recording one, of
-- which `exception` is NULL. Two branches, because DuckDB skips row groups for the first alone.
WITH told AS (
  SELECT trace_id, span_id, parent_span_id, session_id, agent_name, plan_id, step_id, end_ns,
    status_message, error_type, attributes, true AS is_failed,
    list_filter(events, lambda event: event.name = 'exception') AS exceptions
  FROM spans
  WHERE status_code = 2
  UNION ALL
  SELECT trace_id, span_id, parent_span_id, session_id, agent_name, plan_id, step_id, end_ns,
    status_message, error_type, attributes, false,
    list_filter(events, lambda event: event.name = 'exception')
  FROM spans
  WHERE status_code IS DISTINCT FROM 2 AND len(events) > 0
)
SELECT
  * EXCLUDE (is_failed, exceptions),
  CAST(NULL AS BIGINT) AS told_ns,
  CAST(NULL AS MAP(VARCHAR, VARCHAR)) AS exception
FROM told
WHERE is_failed AND coalesce(len(exceptions), 0) = 0
UNION ALL
SELECT
  * EXCLUDE (is_failed, exceptions, event),
  event.time_ns AS told_ns,
  coalesce(event.attributes, MAP {}) AS exception
FROM (SELECT *, unnest(exceptions) AS event FROM told)
