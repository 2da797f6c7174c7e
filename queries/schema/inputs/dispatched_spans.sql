-- dispatched_spans: one row per span of LlamaIndex's dispatcher; `asked` and `told` are the attributes
-- of the events that begin and end a model call, NULL for other spans.
SELECT
  trace_id,
  span_id,
  parent_span_id,
  session_id,
  agent_name,
  plan_id,
  step_id,
  name,
  start_ns,
  end_ns,
  seq,
  status_code,
  status_message,
  attributes,
  events,
  list_filter(events, lambda event: event.name IN ('LLMChatStartEvent', 'LLMCompletionStartEvent'))[1]
    .attributes AS asked,
  list_filter(events, lambda event: event.name IN ('LLMChatEndEvent', 'LLMCompletionEndEvent'))[1]
    .attributes AS told,
  dialect_of(scope_name, service_name, NULL, span_kind, operation) AS dialect
FROM spans
WHERE scope_name LIKE 'llama%index%'
