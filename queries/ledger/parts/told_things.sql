-- told_things: one row per span or log record, with the trace it belongs to and what it is about;
-- and once more per record of something that went wrong. Each part is read once in here, so that a
-- condition on the trace reaches the files.
WITH record AS (
  SELECT
    trace_id, 'id' AS linked_by, 1.0 AS confidence, 'span' AS source, span_id, parent_span_id,
    session_id, plan_id, step_id, step_status, start_ns AS at_ns, name AS what, attributes,
    plan_document, lock_key, tool_name, tool_call_id, model, input_tokens, output_tokens,
    response_id, error_type,
    status_code = 2 OR error_type IS NOT NULL AS is_failed,
    coalesce(exception_in(events), status_message) AS problem,
    name = 'step' AND step_id IS NOT NULL AS is_step,
    model IS NOT NULL AND coalesce(
      is_model_call(operation) OR operation LIKE 'ai.%.do%'
        OR span_kind IN ('LLM', 'llm', 'model_generation'),
      operation IS NULL AND span_kind IS NULL
    ) AS is_call
  FROM spans
  UNION ALL
  SELECT
    trace_id, 'id', 1.0, 'log', span_id, NULL, session_id, plan_id, step_id, step_status,
    nanos("at"), coalesce(event_name, left(body, 200)), attributes, plan_document, lock_key,
    tool_name, tool_call_id, model, input_tokens, output_tokens, response_id, error_type,
    error_type IS NOT NULL, NULL, false, model IS NOT NULL
  FROM logs
  WHERE trace_id IS NOT NULL
  UNION ALL
  SELECT
    log_homes.trace_id, linked_by, confidence, 'log', span_id, NULL, session_id, plan_id, step_id,
    step_status, nanos("at"), coalesce(event_name, left(body, 200)), attributes, plan_document,
    lock_key, tool_name, tool_call_id, model, input_tokens, output_tokens, response_id, error_type,
    error_type IS NOT NULL, NULL, false, model IS NOT NULL
  FROM logs AS loose
  LEFT JOIN log_homes ON log_homes.writer = loose.writer AND log_homes.seq = loose.seq
  WHERE loose.trace_id IS NULL
),
named AS (
  SELECT
    *,
    CASE
      WHEN plan_document IS NOT NULL THEN 'plan'
      WHEN lock_key IS NOT NULL THEN 'lock'
      WHEN tool_name IS NOT NULL THEN 'tool_call'
      WHEN is_step THEN 'step'
      WHEN is_call THEN 'llm_call'
      WHEN source = 'span' THEN 'span'
      WHEN what = 'spanledger.state.changed' THEN 'state_diff'
      WHEN what = 'spanledger.action.performed' THEN 'action'
      WHEN what LIKE 'spanledger.plan.%' THEN 'plan'
      WHEN what LIKE 'spanledger.step.%' THEN 'step'
      ELSE 'log'
    END AS usual_kind
  FROM record
),
summed AS (
  SELECT
    *,
    CASE usual_kind
      WHEN 'plan' THEN coalesce(plan_id, tool_call_id)
      WHEN 'step' THEN concat_ws('/', plan_id, step_id)
      WHEN 'lock' THEN coalesce(attributes['spanledger.lock.id'], lock_key)
      WHEN 'state_diff' THEN attributes['spanledger.state.key']
      WHEN 'action' THEN attributes['spanledger.action.id']
      ELSE own_key(tool_call_id, response_id, attributes)
    END AS own_id,
    CASE usual_kind
      WHEN 'plan' THEN concat_ws(': ', coalesce(tool_name, replace(what, 'spanledger.', '')),
        coalesce(attributes['spanledger.plan.goal'], attributes['spanledger.plan.status']))
      WHEN 'step' THEN concat_ws(' ', 'step', step_id, step_status,
        attributes['spanledger.step.title'])
      WHEN 'lock' THEN concat_ws(' ', replace(what, 'spanledger.', ''), lock_key,
        attributes['spanledger.lock.outcome'])
      WHEN 'tool_call' THEN tool_name
      WHEN 'llm_call' THEN concat_ws(', ', model, input_tokens || ' tokens in',
        output_tokens || ' out')
      WHEN 'state_diff' THEN concat_ws(' ', attributes['spanledger.state.operation'],
        attributes['spanledger.state.key'])
      WHEN 'action' THEN concat_ws(' ', attributes['spanledger.action.type'],
        attributes['spanledger.action.target.id'])
      ELSE what
    END AS usual_summary
  FROM named
)
SELECT
  trace_id,
  CASE WHEN is_error THEN 'error' ELSE usual_kind END AS kind,
  CASE WHEN is_error THEN coalesce(span_id, own_id) ELSE coalesce(own_id, span_id) END AS ref_id,
  at_ns,
  CASE WHEN is_error THEN concat_ws(': ', usual_summary, coalesce(
      problem, attributes['exception.message'], attributes['error.message'], error_type, 'failed'))
    ELSE usual_summary END AS summary,
  linked_by,
  confidence,
  span_id,
  parent_span_id,
  session_id,
  source
FROM summed
JOIN (VALUES (false), (true)) AS way (is_error) ON is_failed OR NOT is_error
