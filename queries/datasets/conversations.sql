-- conversations: one row per model call with what was said in it, and how its step and plan ended.
-- `told` is what is new in it, as JSON lists in the order of the records; `tools` the attributes that
-- define tools, as JSON. A call without a plan of its own has what its session's plans came to:
-- completed or failed if all of them agree.
-- Narrow with: SET VARIABLE since = '2026-01-01';
WITH ended AS (
  SELECT session_id,
    CASE WHEN bool_and(status = 'completed') THEN 'completed'
      WHEN bool_and(status = 'failed') THEN 'failed' END AS status
  FROM plans
  GROUP BY session_id
),
-- One record of a call is enough: many logs of one call are its messages, in their order.
told AS (
  SELECT trace_id, span_id, list({'new': new_messages, 'asked': tool_requests,
      'answered': tool_answers} ORDER BY start_ns, seq) AS records
  FROM spans
  WHERE new_messages IS NOT NULL
  GROUP BY trace_id, span_id
),
logged AS (
  SELECT trace_id, span_id, list({'new': new_messages, 'asked': tool_requests,
      'answered': tool_answers} ORDER BY "at", seq) AS records
  FROM logs
  WHERE new_messages IS NOT NULL
  GROUP BY trace_id, span_id
),
defined AS (
  SELECT trace_id, span_id, any_value(resource['service.version']) AS version,
    any_value(to_json(list_filter(map_entries(attributes), lambda entry:
      entry.key LIKE 'llm.tools.%' OR entry.key LIKE 'llm.request.functions.%'
      OR entry.key = 'gen_ai.tool.definitions' OR entry.key = 'gen_ai.request.tools'
      OR entry.key = 'ai.prompt.tools' OR entry.key = 'model_request_parameters'))) AS tools
  FROM spans
  WHERE model IS NOT NULL OR input_tokens IS NOT NULL
  GROUP BY trace_id, span_id
)
SELECT
  coalesce(call.session_id, call.trace_id) AS session_id,
  call.agent,
  call.dialect,
  coalesce(call.model, '') AS model,
  call.plan_id,
  call.step_id,
  call.trace_id,
  call.span_id,
  epoch_us(call.started_at) AS started_us,
  call.input_tokens,
  call.output_tokens,
  call.cache_read_tokens,
  call.cost_usd,
  call.finish_reason,
  call.error,
  call.redacted,
  call.messages_mode AS mode,
  call.input_messages AS heard,
  call.output_messages AS said,
  to_json(coalesce(told.records, logged.records)) AS told,
  defined.tools,
  defined.version,
  step.status AS step_status,
  coalesce(plan.status, ended.status) AS plan_status
FROM llm_calls AS call
LEFT JOIN plan_steps AS step ON step.plan_id = call.plan_id AND step.step_id = call.step_id
LEFT JOIN plans AS plan ON plan.plan_id = call.plan_id
LEFT JOIN ended ON ended.session_id = call.session_id
LEFT JOIN told ON told.trace_id = call.trace_id AND told.span_id = call.span_id
LEFT JOIN logged ON logged.trace_id = call.trace_id AND logged.span_id = call.span_id
LEFT JOIN defined ON defined.trace_id = call.trace_id AND defined.span_id = call.span_id
WHERE getvariable('since') IS NULL OR call.started_at >= CAST(getvariable('since') AS TIMESTAMP)
ORDER BY 1, call.agent, call.started_at, call.trace_id, call.span_id
