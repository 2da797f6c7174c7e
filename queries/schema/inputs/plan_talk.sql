-- plan_talk: one row per record with messages in which a model asked for a planning tool, or, in
-- the same trace or session, was told what tools had answered. Where every model call is a trace of
-- its own and nothing names the session, answers are looked for in all such calls of the service.
WITH planner AS (
  SELECT trace_id, session_id, service_name, parent_span_id IS NULL AS is_root
  FROM spans
  WHERE plan_requests IS NOT NULL
  UNION ALL
  SELECT trace_id, session_id, service_name, false
  FROM logs
  WHERE plan_requests IS NOT NULL
),
record AS (
  SELECT
    trace_id, span_id, parent_span_id, session_id, agent_name, plan_id, step_id, service_name,
    scope_name, NULL AS event_name, span_kind, operation, start_ns AS from_ns, end_ns AS at_ns, seq,
    plan_requests AS requests, tool_answers AS answers
  FROM spans
  WHERE plan_requests IS NOT NULL
  UNION ALL
  SELECT
    trace_id, span_id, parent_span_id, session_id, agent_name, plan_id, step_id, service_name,
    scope_name, NULL, span_kind, operation, start_ns, end_ns, seq, NULL, tool_answers
  FROM spans
  WHERE tool_answers IS NOT NULL AND plan_requests IS NULL
    AND (trace_id IN (SELECT trace_id FROM planner WHERE trace_id IS NOT NULL)
      OR session_id IN (SELECT session_id FROM planner WHERE session_id IS NOT NULL)
      OR (parent_span_id IS NULL
        AND service_name IN (SELECT service_name FROM planner WHERE is_root)))
  UNION ALL
  SELECT
    trace_id, span_id, NULL, session_id, agent_name, plan_id, step_id, service_name,
    scope_name, event_name, span_kind, operation, nanos("at"), nanos("at"), seq, plan_requests,
    tool_answers
  FROM logs
  WHERE coalesce(plan_requests, tool_answers) IS NOT NULL
    AND coalesce(trace_id, session_id, '')
      IN (SELECT coalesce(trace_id, session_id, '') FROM planner)
)
SELECT
  * EXCLUDE (scope_name, event_name, span_kind, operation),
  true AS is_for_plans,
  dialect_of(scope_name, service_name, event_name, span_kind, operation) AS dialect
FROM record
