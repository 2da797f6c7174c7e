-- codex: OpenAI Codex CLI. Content is in log events (`event.name` = codex.*), structure in spans.
-- Log records carry no time of their own, only the text attribute event.timestamp. A command that
-- exits non-zero is reported as a success; its exit code is in the text of `output` alone.
-- recognised by: scope `codex_*`, events `codex.*`
-- sessions: yes, by `conversation.id`
-- llm_calls: yes, spans `handle_responses`, or `codex.sse_event` where spans are missing; refused
--   requests from `codex.api_request`
-- tool_calls: yes, `codex.tool_result` with arguments, output, decision and exit code, or spans
--   where logs are missing
-- plans: yes, update_plan with its reasons, when [tools.update_plan] is enabled; not from spans
--   alone, which lack the arguments
-- step_history: yes, from list to list, at the times of the calls
-- tokens: yes, with cached, written and reasoning tokens
-- cost: no, none is sent: computed where the price is known
-- errors: yes, refused requests and failed tools
-- messages: partly, the prompt if it is switched on; what the model said is never sent
-- set in ~/.codex/config.toml: otel.environment=dev otel.log_user_prompt=false
--   otel.exporter.otlp-http.endpoint={http}/v1/logs otel.exporter.otlp-http.protocol=binary
--   otel.trace_exporter.otlp-http.endpoint={http}/v1/traces
--   otel.trace_exporter.otlp-http.protocol=binary
--   otel.metrics_exporter.otlp-http.endpoint={http}/v1/metrics
--   otel.metrics_exporter.otlp-http.protocol=binary tools.update_plan.enabled=true
-- init: codex
-- more: log_user_prompt = true adds your prompts; tool arguments and output are always sent

-- gives: recognition
WHERE scope_name LIKE 'codex\_%' ESCAPE '\'

-- gives: plan_lists
SELECT
  'tool_call' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  plan_id,
  step_id,
  plan_document AS document,
  explanation_in(plan_document) AS reason,
  coalesce(nanos(TRY_CAST(attributes['event.timestamp'] AS TIMESTAMP)), at_ns) AS at_ns,
  TRY_CAST(attributes['tool_result_seq'] AS BIGINT) AS tie
FROM planning_logs
WHERE dialect = 'codex' AND event_name = 'codex.tool_result' AND tool_name = 'update_plan'
  AND tool_ok IS DISTINCT FROM 'false' AND failure_in(plan_result) IS NULL

-- gives: tool_calls
-- A session whose logs never arrived still has a span per call, named after its tool.
WITH results AS (
  SELECT
    *,
    coalesce(nanos(TRY_CAST(attributes['event.timestamp'] AS TIMESTAMP)), at_ns) AS ended_ns,
    TRY_CAST(attributes['duration_ms'] AS DOUBLE) AS took_ms,
    TRY_CAST(regexp_extract(
      attributes['output'], '(?:exited with code|Exit code:|exit code) (-?[0-9]+)', 1
    ) AS INTEGER) AS exit_code
  FROM tool_logs
  WHERE dialect = 'codex' AND event_name = 'codex.tool_result'
),
decisions AS (
  SELECT session_id, tool_call_id, max(attributes['decision']) AS decision
  FROM tool_logs
  WHERE dialect = 'codex' AND event_name = 'codex.tool_decision'
  GROUP BY session_id, tool_call_id
)
SELECT
  'log' AS source,
  results.session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  plan_id,
  step_id,
  tool_name AS tool,
  results.tool_call_id AS call_id,
  results.tool_call_id AS shared_id,
  attributes['arguments'] AS arguments,
  attributes['output'] AS result,
  tool_ok IS DISTINCT FROM 'false' AND coalesce(exit_code, 0) = 0 AS ok,
  CASE
    WHEN tool_ok = 'false' THEN coalesce(attributes['output'], 'refused')
    WHEN exit_code <> 0 THEN 'exit code ' || exit_code
  END AS error,
  decision,
  coalesce(TRY(ended_ns - CAST(took_ms * 1000000 AS BIGINT)), ended_ns) AS at_ns,
  took_ms AS duration_ms
FROM results
LEFT JOIN decisions
  ON decisions.session_id = results.session_id AND decisions.tool_call_id = results.tool_call_id
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
  tool_name AS tool,
  tool_call_id AS call_id,
  tool_call_id AS shared_id,
  CASE WHEN end_ns > 0 AND attributes['aborted'] IS DISTINCT FROM 'true' THEN true END AS ok,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms
FROM tool_spans
WHERE dialect = 'codex' AND name = tool_name AND tool_call_id IS NOT NULL

-- gives: llm_calls
-- Each answered call is a span `handle_responses` with counts, and a log codex.sse_event with the
-- same counts. The request around it is try_run_sampling_request, two spans up.
WITH around AS (
  SELECT trace_id, span_id, parent_span_id, name, start_ns, end_ns, session_id, agent_name, plan_id,
    step_id, provider, model, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
    reasoning_tokens
  FROM spans
  WHERE name IN (
      'handle_responses', 'receiving_stream', 'try_run_sampling_request', 'session_task.turn'
    )
    AND scope_name LIKE 'codex%'
),
answers AS (
  SELECT * FROM around WHERE name = 'handle_responses' AND input_tokens IS NOT NULL
),
turns AS (
  SELECT trace_id, max(model) AS model
  FROM around
  WHERE name = 'session_task.turn'
  GROUP BY trace_id
)
SELECT
  'span' AS source,
  answers.session_id,
  answers.agent_name AS agent,
  answers.trace_id,
  answers.span_id,
  answers.parent_span_id,
  answers.plan_id,
  answers.step_id,
  coalesce(answers.model, turns.model) AS model,
  answers.provider,
  coalesce(request.start_ns, answers.start_ns) AS at_ns,
  elapsed_ms(request.start_ns, answers.end_ns) AS duration_ms,
  answers.input_tokens,
  answers.output_tokens,
  answers.cache_read_tokens,
  answers.cache_write_tokens,
  answers.reasoning_tokens,
  'unknown' AS messages_mode
FROM answers
LEFT JOIN turns ON turns.trace_id = answers.trace_id
LEFT JOIN around AS stream
  ON stream.trace_id = answers.trace_id AND stream.span_id = answers.parent_span_id
  AND stream.name = 'receiving_stream'
LEFT JOIN around AS request
  ON request.trace_id = answers.trace_id AND request.span_id = stream.parent_span_id
  AND request.name = 'try_run_sampling_request'
UNION ALL BY NAME
SELECT
  'log' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  plan_id,
  step_id,
  model,
  coalesce(nanos(TRY_CAST(attributes['event.timestamp'] AS TIMESTAMP)), at_ns) AS at_ns,
  TRY_CAST(attributes['ttft_ms'] AS DOUBLE) AS ttft_ms,
  input_tokens,
  output_tokens,
  cache_read_tokens,
  cache_write_tokens,
  reasoning_tokens,
  CASE WHEN event_name = 'codex.api_request' THEN
    coalesce(attributes['error.message'], 'http ' || attributes['http.response.status_code'])
  END AS error,
  'unknown' AS messages_mode
FROM model_logs
WHERE dialect = 'codex'
  AND (
    (event_name = 'codex.sse_event' AND input_tokens IS NOT NULL)
    OR (event_name = 'codex.api_request'
      AND TRY_CAST(attributes['http.response.status_code'] AS INTEGER) >= 400)
  )

-- gives: prompts
SELECT session_id, visible(coalesce(attributes['prompt'], attributes['prompt_text'])) AS content,
  event_ns(attributes, at_ns) AS at_ns
FROM prompt_logs
WHERE dialect = 'codex'
