-- native: spanledger's own events. Ids are explicit, every change is a log record written when it
-- happened; a process that sends spans alone is read from its spans named `step`.

-- gives: plan_lists
SELECT
  'native' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  plan_id,
  TRY_CAST(attributes['spanledger.plan.revision'] AS BIGINT) AS revision,
  attributes['spanledger.plan.status'] AS plan_word,
  plan_document AS document,
  coalesce(attributes['spanledger.plan.goal'], attributes['spanledger.plan.title']) AS goal,
  attributes['spanledger.plan.request'] AS request,
  attributes['spanledger.plan.change.reason'] AS reason,
  at_ns,
  seq AS tie
FROM planning_logs
WHERE event_name = 'spanledger.plan.revised'
UNION ALL BY NAME
SELECT
  'native' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  plan_document AS document,
  start_ns AS at_ns,
  seq AS tie
FROM planning_spans
WHERE plan_id IS NOT NULL AND tool_name IS NULL

-- gives: step_changes
SELECT
  'log' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  plan_id,
  step_id,
  TRY_CAST(attributes['spanledger.plan.revision'] AS BIGINT) AS revision,
  TRY_CAST(attributes['spanledger.step.position'] AS BIGINT) AS position,
  attributes['spanledger.step.title'] AS title,
  step_status AS word,
  TRY_CAST(attributes['spanledger.step.attempt'] AS BIGINT) AS attempt,
  attributes['spanledger.step.output'] AS output,
  attributes['spanledger.step.stdout'] AS stdout,
  attributes['spanledger.step.stderr'] AS stderr,
  coalesce(attributes['exception.message'], attributes['error.message'], error_type) AS error,
  at_ns,
  seq AS tie
FROM ledger_logs
WHERE event_name = 'spanledger.step.status_changed' AND step_id IS NOT NULL
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
  CASE WHEN edge.is_end = false THEN 'running' WHEN status_code = 2 THEN 'failed' ELSE 'done' END
    AS word,
  CASE WHEN edge.is_end AND status_code = 2 THEN coalesce(status_message, error_type, 'failed') END
    AS error,
  CASE WHEN edge.is_end THEN end_ns ELSE start_ns END AS at_ns,
  seq AS tie
FROM step_spans, (VALUES (false), (true)) AS edge (is_end)
WHERE NOT edge.is_end OR end_ns > 0

-- gives: plan_changes
SELECT session_id, plan_id, attributes['spanledger.plan.status'] AS word, at_ns
FROM ledger_logs
WHERE event_name IN ('spanledger.plan.status_changed', 'spanledger.plan.outcome')
