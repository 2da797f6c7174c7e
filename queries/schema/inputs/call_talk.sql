-- call_talk: one row per record with messages in which a model asked for tools, or was told what
-- tools had answered. Two branches of spans, because DuckDB skips row groups for each condition
-- alone but not for either of two.
WITH record AS (
  SELECT
    trace_id, span_id, parent_span_id, session_id, agent_name, plan_id, step_id, service_name,
    scope_name, NULL AS event_name, span_kind, operation, start_ns AS from_ns, end_ns AS at_ns, seq,
    tool_requests AS requests, tool_answers AS answers
  FROM spans
  WHERE tool_requests IS NOT NULL
  UNION ALL
  SELECT
    trace_id, span_id, parent_span_id, session_id, agent_name, plan_id, step_id, service_name,
    scope_name, NULL, span_kind, operation, start_ns, end_ns, seq, NULL, tool_answers
  FROM spans
  WHERE tool_answers IS NOT NULL AND tool_requests IS NULL
  UNION ALL
  SELECT
    trace_id, span_id, NULL, session_id, agent_name, plan_id, step_id, service_name,
    scope_name, event_name, span_kind, operation, nanos("at"), nanos("at"), seq, tool_requests,
    tool_answers
  FROM logs
  WHERE coalesce(tool_requests, tool_answers) IS NOT NULL
)
SELECT
  * EXCLUDE (scope_name, event_name, span_kind, operation),
  false AS is_for_plans,
  dialect_of(scope_name, service_name, event_name, span_kind, operation) AS dialect
FROM record
