-- otel: what OpenTelemetry itself says, whoever emits it: exceptions in log records and span
-- events, and spans that failed.
-- recognised by: no record follows it alone: it is read in the records of all dialects and of none
-- sessions: no, that is for the other dialects
-- llm_calls: no, that is for the other dialects
-- tool_calls: no, that is for the other dialects
-- plans: no, that is for the other dialects
-- step_history: no, that is for the other dialects
-- tokens: no, that is for the other dialects
-- cost: no, that is for the other dialects
-- errors: yes, with type, message and stack as the exception has them
-- messages: no, that is for the other dialects
-- set in nothing: it is always read

-- gives: errors
SELECT
  'log' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  plan_id,
  step_id,
  CASE event_name
    WHEN 'spanledger.error.captured' THEN 1
    WHEN 'spanledger.step.status_changed' THEN 5
    ELSE 2
  END AS rank,
  coalesce(attributes['exception.type'], error_type) AS type,
  coalesce(attributes['exception.message'], attributes['error.message'], body) AS message,
  attributes['exception.stacktrace'] AS stacktrace,
  attributes['spanledger.error.locals'] AS locals,
  coalesce(
    attributes['spanledger.error.state.snapshot'], attributes['spanledger.error.state.hash']
  ) AS state_snapshot,
  coalesce(attributes['code.function.name'], attributes['code.function']) AS code_function,
  attributes['spanledger.error.chain'] AS chain,
  attributes['spanledger.error.llm_call.span_id'] AS llm_call_span_id,
  at_ns
FROM error_logs
UNION ALL BY NAME
SELECT
  'span' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  CASE WHEN exception IS NULL THEN 6 ELSE 3 END AS rank,
  coalesce(exception['exception.type'], error_type) AS type,
  coalesce(exception['exception.message'], status_message) AS message,
  exception['exception.stacktrace'] AS stacktrace,
  coalesce(attributes['code.function.name'], attributes['code.function']) AS code_function,
  coalesce(told_ns, nullif(end_ns, 0)) AS at_ns
FROM error_spans
