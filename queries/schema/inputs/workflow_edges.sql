-- workflow_edges: one row per begin and end of a span that is one step of a framework's workflow.
SELECT
  trace_id,
  span_id,
  parent_span_id,
  session_id,
  agent_name,
  attributes,
  CASE WHEN edge.is_end = false THEN 'running' WHEN status_code = 2 THEN 'failed' ELSE 'done' END
    AS word,
  CASE WHEN edge.is_end AND status_code = 2
    THEN coalesce(exception_in(events), status_message, error_type, 'failed') END AS error,
  CASE WHEN edge.is_end THEN end_ns ELSE start_ns END AS at_ns,
  seq,
  dialect_of(scope_name, service_name, NULL, span_kind, operation) AS dialect
FROM spans, (VALUES (false), (true)) AS edge (is_end)
WHERE (operation = 'execute_task' OR span_kind = 'workflow_step' OR name LIKE 'executor.process%')
  AND plan_id IS NULL AND (NOT edge.is_end OR end_ns > 0)
