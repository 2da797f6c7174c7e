-- plan_steps: one row per step of a plan in its last known state, dropped steps (removed)
-- included. `attempt` counts how often it began to run; `identity_source` is the weakest link in
-- its identity. Calls, tokens and cost are those of llm_calls and tool_calls counted for the step;
-- NULL is unknown.
WITH step AS (
  SELECT
    plan_id,
    step_id,
    max_by(position, (at_ns, tie)) AS position,
    max_by(title, (at_ns, tie)) AS title,
    max_by(status, (at_ns, tie)) AS status,
    coalesce(max(attempt), count_if(status = 'running' AND previous_status IS DISTINCT FROM status))
      AS attempt,
    min(CASE WHEN status = 'running' THEN at_ns END) AS started_ns,
    max(CASE WHEN is_final(status) AND previous_status IS DISTINCT FROM status THEN at_ns END)
      AS ended_ns,
    max_by(output, at_ns) AS output,
    max_by(stdout, at_ns) AS stdout,
    max_by(stderr, at_ns) AS stderr,
    max_by(error, at_ns) AS error,
    max_by(identity_source, CASE identity_source WHEN 'inferred' THEN 3 WHEN 'position' THEN 2
      ELSE 1 END) AS identity_source,
    max_by(trace_id, (at_ns, tie)) AS trace_id,
    max_by(span_id, (at_ns, tie)) AS span_id,
    any_value(session_id) AS session_id,
    any_value(agent) AS agent,
    any_value(dialect) AS dialect
  FROM step_states
  GROUP BY plan_id, step_id
),
model AS (
  SELECT
    plan_id,
    step_id,
    count(*) AS llm_calls,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cost_usd) AS cost_usd
  FROM planned_placed_llm_calls
  WHERE step_id IS NOT NULL
  GROUP BY plan_id, step_id
),
tool AS (
  SELECT plan_id, step_id, count(*) AS tool_calls
  FROM planned_placed_tool_calls
  WHERE step_id IS NOT NULL
  GROUP BY plan_id, step_id
),
waiting AS (
  SELECT plan_id, step_id, sum(wait_ms) AS lock_wait_ms
  FROM planned_counted_lock_events
  WHERE step_id IS NOT NULL AND event <> 'released'
  GROUP BY plan_id, step_id
)
SELECT
  step.plan_id,
  step.step_id,
  step.position,
  step.title,
  step.status,
  CAST(step.attempt AS BIGINT) AS attempt,
  at_nanos(step.started_ns) AS started_at,
  CASE WHEN is_final(step.status) THEN at_nanos(step.ended_ns) END AS ended_at,
  CASE WHEN is_final(step.status) AND step.ended_ns >= step.started_ns
    THEN elapsed_ms(step.started_ns, step.ended_ns) END AS duration_ms,
  step.output,
  step.stdout,
  step.stderr,
  step.error,
  coalesce(model.llm_calls, 0) AS llm_calls,
  coalesce(tool.tool_calls, 0) AS tool_calls,
  TRY_CAST(model.input_tokens AS BIGINT) AS input_tokens,
  TRY_CAST(model.output_tokens AS BIGINT) AS output_tokens,
  model.cost_usd,
  waiting.lock_wait_ms,
  step.identity_source,
  step.trace_id,
  step.span_id,
  step.session_id,
  step.agent,
  step.dialect
FROM step
LEFT JOIN model ON model.plan_id = step.plan_id AND model.step_id = step.step_id
LEFT JOIN tool ON tool.plan_id = step.plan_id AND tool.step_id = step.step_id
LEFT JOIN waiting ON waiting.plan_id = step.plan_id AND waiting.step_id = step.step_id
