-- told_things: one row per span or log record, with what it is about; and per thing that went wrong
-- in one, once more. `kind` is llm_call, tool_call, plan, step, lock, state_diff, action, error, or
-- span or log for all else. `ref_id` is the id it is found by elsewhere: the plan's, step's, lock's
-- or call's, else the span's. `loose_key` and `prompt` are what a record without a trace is known
-- by.
WITH said AS (
  SELECT
    trace_id, span_id, parent_span_id, session_id, plan_id, step_id, step_status,
    'span' AS source, start_ns AS at_ns, name AS what, attributes, plan_document, lock_key, tool_name, tool_call_id,
    tool_ok, model, input_tokens, output_tokens, response_id,
    status_code = 2 OR error_type IS NOT NULL AS is_failed,
    coalesce(exception_in(events), status_message, error_type, 'failed') AS problem,
    CASE
      WHEN name = 'step' AND step_id IS NOT NULL THEN 'step'
      WHEN model IS NOT NULL AND coalesce(
        is_model_call(operation) OR operation LIKE 'ai.%.do%'
          OR span_kind IN ('LLM', 'llm', 'model_generation'),
        operation IS NULL AND span_kind IS NULL
      ) THEN 'llm_call'
      ELSE 'span'
    END AS usual
  FROM spans
  UNION ALL
  SELECT
    trace_id, span_id, NULL, session_id, plan_id, step_id, step_status, 'log',
    nanos("at"), coalesce(replace(event_name, 'spanledger.', ''), left(body, 200)), attributes, plan_document, lock_key,
    tool_name, tool_call_id, tool_ok, model, input_tokens, output_tokens, response_id,
    error_type IS NOT NULL
      OR coalesce(event_name IN ('exception', 'spanledger.error.captured'), false),
    coalesce(attributes['exception.message'], attributes['error.message'], error_type, event_name),
    CASE
      WHEN event_name = 'spanledger.state.changed' THEN 'state_diff'
      WHEN event_name = 'spanledger.action.performed' THEN 'action'
      WHEN event_name LIKE 'spanledger.plan.%' THEN 'plan'
      WHEN event_name LIKE 'spanledger.step.%' THEN 'step'
      WHEN model IS NOT NULL THEN 'llm_call'
      ELSE 'log'
    END
  FROM logs
),
named AS (
  SELECT
    *,
    CASE
      WHEN plan_document IS NOT NULL THEN 'plan'
      WHEN lock_key IS NOT NULL THEN 'lock'
      WHEN tool_name IS NOT NULL THEN 'tool_call'
      ELSE usual
    END AS kind
  FROM said
),
summed AS (
  SELECT
    *,
    CASE kind
      WHEN 'plan' THEN coalesce(plan_id, tool_call_id)
      WHEN 'step' THEN concat_ws('/', plan_id, step_id)
      WHEN 'lock' THEN coalesce(attributes['spanledger.lock.id'], lock_key)
      WHEN 'tool_call' THEN tool_call_id
      WHEN 'llm_call' THEN coalesce(response_id, attributes['request_id'])
      WHEN 'state_diff' THEN attributes['spanledger.state.key']
      WHEN 'action' THEN attributes['spanledger.action.id']
    END AS own_id,
    CASE kind
      WHEN 'plan' THEN concat_ws(': ', coalesce(tool_name, what),
        coalesce(attributes['spanledger.plan.goal'], attributes['spanledger.plan.status']))
      WHEN 'step' THEN concat_ws(' ', 'step', step_id, step_status,
        attributes['spanledger.step.title'])
      WHEN 'lock' THEN concat_ws(' ', what, lock_key, attributes['spanledger.lock.outcome'])
      WHEN 'tool_call' THEN tool_name
      WHEN 'llm_call' THEN concat_ws(', ', model, input_tokens || ' tokens in',
        output_tokens || ' out')
      WHEN 'state_diff' THEN concat_ws(' ', attributes['spanledger.state.operation'],
        attributes['spanledger.state.key'])
      WHEN 'action' THEN concat_ws(' ', attributes['spanledger.action.type'],
        attributes['spanledger.action.target.id'])
      ELSE what
    END AS summary
  FROM named
)
SELECT
  trace_id, span_id, parent_span_id, session_id, source, at_ns, kind,
  coalesce(own_id, span_id) AS ref_id,
  summary,
  coalesce(tool_call_id, response_id, attributes['request_id']) AS loose_key,
  coalesce(attributes['prompt.id'], attributes['prompt_id'],
    attributes['github.copilot.interaction_id']) AS prompt
FROM summed
UNION ALL
SELECT
  trace_id, span_id, parent_span_id, session_id, source, at_ns, 'error',
  coalesce(span_id, own_id),
  concat_ws(': ', summary, problem),
  coalesce(tool_call_id, response_id, attributes['request_id']),
  coalesce(attributes['prompt.id'], attributes['prompt_id'],
    attributes['github.copilot.interaction_id'])
FROM summed
WHERE is_failed
