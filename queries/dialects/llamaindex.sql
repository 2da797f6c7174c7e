-- llamaindex: LlamaIndex's own dispatcher through llama-index-observability-otel: a span for each
-- method, what a model was asked and answered in its events. A workflow's run is a plan, its steps
-- are the steps. What writes the GenAI conventions under its scope is read as such.
-- recognised by: scopes `llama*index*`
-- sessions: no, it names none: each trace is one
-- llm_calls: yes, spans with the events LLMChatStartEvent or LLMCompletionStartEvent
-- tool_calls: partly, calls in messages; of streamed answers, which no event tells, `call_tool` spans
--   without arguments
-- plans: partly, workflows with their steps; planning tools in answers that are not streamed
-- step_history: partly, a step runs when its span begins and ends as its span does; planning tools
--   from list to list
-- tokens: partly, of answers that are not streamed
-- cost: no, none is sent: computed where the price is known
-- errors: yes, failed spans
-- messages: yes, but for the last answer where answers are streamed
-- set in code: LlamaIndexOpenTelemetry(span_exporter=…).start_registering()
-- more: FunctionAgent(streaming=False) tells plans, calls and tokens; OpenInference tells them of
--   streamed answers too

-- gives: recognition
WHERE scope_name LIKE 'llama%index%'

-- gives: plan_lists, as semconv
-- gives: tool_calls, as semconv
-- gives: llm_calls, as semconv
-- gives: llm_texts, as semconv

-- gives: llm_calls
SELECT
  'span' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  nullif(regexp_replace(lower(asked['model_dict.class_name']), '[_ ]?(llm|chat|base).*$', ''), '')
    AS provider,
  coalesce(told['response.raw.model'], asked['model_dict.model_name'], asked['model_dict.model'])
    AS model,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms,
  coalesce(
    TRY_CAST(told['response.raw.usage.prompt_tokens'] AS BIGINT),
    with_cache(
      TRY_CAST(told['response.raw.usage.input_tokens'] AS BIGINT),
      TRY_CAST(told['response.raw.usage.cache_read_input_tokens'] AS BIGINT),
      TRY_CAST(told['response.raw.usage.cache_creation_input_tokens'] AS BIGINT)
    ),
    TRY_CAST(told['response.additional_kwargs.prompt_tokens'] AS BIGINT)
  ) AS input_tokens,
  TRY_CAST(coalesce(
    told['response.raw.usage.completion_tokens'], told['response.raw.usage.output_tokens'],
    told['response.additional_kwargs.completion_tokens']
  ) AS BIGINT) AS output_tokens,
  TRY_CAST(coalesce(
    told['response.raw.usage.prompt_tokens_details.cached_tokens'],
    told['response.raw.usage.cache_read_input_tokens']
  ) AS BIGINT) AS cache_read_tokens,
  TRY_CAST(told['response.raw.usage.cache_creation_input_tokens'] AS BIGINT) AS cache_write_tokens,
  TRY_CAST(told['response.raw.usage.completion_tokens_details.reasoning_tokens'] AS BIGINT)
    AS reasoning_tokens,
  told['response.raw.id'] AS response_id,
  coalesce(
    json_extract_string(valid_json(told['response.raw.choices']), '$[0].finish_reason'),
    told['response.raw.stop_reason']
  ) AS finish_reason,
  CASE WHEN status_code = 2 THEN coalesce(exception_in(events), status_message, 'failed') END
    AS error,
  visible(coalesce(asked['messages'], asked['prompt'])) AS input_messages,
  visible(coalesce(told['response.message.blocks'], told['response.text'])) AS output_messages
FROM dispatched_spans
WHERE dialect = 'llamaindex' AND asked IS NOT NULL

-- gives: tool_calls
-- The span of an agent's tool says its name in the text of its step's input, cut at 200 characters.
WITH call AS (
  SELECT *, attributes['llamaindex.step.input_summary'] AS input
  FROM dispatched_spans
  WHERE dialect = 'llamaindex' AND name LIKE '%.call_tool'
    AND trace_id NOT IN (SELECT trace_id FROM spans WHERE tool_requests IS NOT NULL)
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
  regexp_extract(input, 'tool_name=''([^'']+)''', 1) AS tool,
  nullif(regexp_extract(input, 'tool_id=''([^'']+)''', 1), '') AS call_id,
  status_code IS DISTINCT FROM 2 AS ok,
  CASE WHEN status_code = 2 THEN coalesce(exception_in(events), status_message, 'failed') END
    AS error,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms
FROM call
WHERE input LIKE 'ToolCall(tool_name=%'

-- gives: step_changes
-- A step is right below its run; those that agents are made of are not a plan.
SELECT
  'span' AS source,
  step.session_id,
  step.agent_name AS agent,
  step.trace_id,
  step.span_id,
  step.parent_span_id,
  coalesce(step.attributes['llamaindex.run_id'], step.trace_id) AS plan_id,
  step.name AS step_id,
  replace(split_part(step.name, '.', -1), '_', ' ') AS title,
  CASE WHEN NOT edge.is_end THEN 'running' WHEN step.status_code = 2 THEN 'failed' ELSE 'done' END
    AS word,
  CASE WHEN edge.is_end THEN in_event(step.events, 'step.output', 'output') END AS output,
  CASE WHEN edge.is_end AND step.status_code = 2
    THEN coalesce(exception_in(step.events), step.status_message, 'failed') END AS error,
  CASE WHEN edge.is_end THEN step.end_ns ELSE step.start_ns END AS at_ns,
  step.seq AS tie
FROM dispatched_spans AS step
JOIN dispatched_spans AS run
  ON run.trace_id = step.trace_id AND run.span_id = step.parent_span_id,
  (VALUES (false), (true)) AS edge (is_end)
WHERE step.dialect = 'llamaindex' AND run.dialect = 'llamaindex'
  AND step.attributes['llamaindex.step.input_event'] IS NOT NULL AND run.name LIKE '%.run'
  AND NOT regexp_matches(step.name, '^(BaseWorkflowAgent|AgentWorkflow)\.')
