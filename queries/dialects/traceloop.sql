-- traceloop: OpenLLMetry's instrumentations (opentelemetry.instrumentation.* of Traceloop) and SDK.
-- A LangGraph's nodes are no plan: they stay in the trace.
-- recognised by: `traceloop.span.kind`, scopes of OpenLLMetry's instrumentations
-- sessions: partly, by `traceloop.association.properties.session_id` or `gen_ai.conversation.id`
--   where the application sets it, else the trace
-- llm_calls: yes, spans with a model operation, old names too
-- tool_calls: yes, `execute_tool` and decorated `tool` spans, else calls in messages, in both
--   formats; decisions are not sent
-- plans: yes, planning tools in tool spans, unwrapped, or in messages
-- step_history: yes, from list to list, at the times of the calls
-- tokens: yes, with the cache's part and reasoning; of streamed Anthropic calls one output token
--   too many
-- cost: no, none is sent: computed where the price is known
-- errors: yes, failed spans and exceptions
-- messages: yes, unless TRACELOOP_TRACE_CONTENT=false
-- set in nothing: content is on
-- more: TRACELOOP_TRACE_CONTENT=false leaves out texts, and plans with them

-- gives: recognition
WHERE scope_name LIKE 'traceloop%'

-- gives: plan_lists, as semconv
-- gives: llm_calls, as semconv
-- gives: llm_texts, as semconv

-- gives: tool_calls
-- A tool's input and output are wrapped in what LangChain knew about the call, or in the arguments
-- of a decorated function.
WITH call AS (
  SELECT
    *,
    coalesce(attributes['gen_ai.tool.call.arguments'], attributes['traceloop.entity.input'])
      AS input,
    coalesce(attributes['gen_ai.tool.call.result'], attributes['traceloop.entity.output'])
      AS output
  FROM tool_spans
  WHERE dialect = 'traceloop'
    AND (operation = 'execute_tool' OR operation IS NULL OR span_kind = 'tool')
)
SELECT
  'span' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  tool_name AS tool,
  coalesce(tool_call_id, at_path(input, '$.kwargs.tool_call_id'), lc_call_id(output)) AS call_id,
  visible(lc_arguments(input)) AS arguments,
  visible(lc_content(output)) AS result,
  CASE
    WHEN status_code = 2 OR error_type IS NOT NULL OR tool_ok = 'failure' THEN false
    WHEN failure_in(output) IS NOT NULL OR failure_in(lc_content(output)) IS NOT NULL THEN false
    WHEN end_ns > 0 THEN true
  END AS ok,
  hides(lc_arguments(input)) OR hides(lc_content(output)) AS redacted,
  CASE WHEN status_code = 2 OR error_type IS NOT NULL OR tool_ok = 'failure'
    THEN coalesce(exception_in(events), status_message, error_type, 'failed')
    ELSE coalesce(failure_in(output), failure_in(lc_content(output))) END AS error,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms
FROM call
