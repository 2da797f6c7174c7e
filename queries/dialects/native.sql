-- native: spanledger's own events. Ids are explicit, every change is a log record written when it
-- happened; a process that sends spans alone is read from its spans named `step`.
-- recognised by: scopes `spanledger`, `spanledger.*`, events `spanledger.*`
-- sessions: yes, by `session.id`
-- llm_calls: no, other dialects tell them, counted by the plan and step ids stamped on their spans
-- tool_calls: no, as model calls
-- plans: yes, `spanledger.plan.revised`; spans named `step` where no events came
-- step_history: yes, `spanledger.step.status_changed`, written when it happens
-- tokens: no, as model calls
-- cost: no, as model calls
-- errors: yes, with stack, variables and causes where they are captured
-- messages: no, as model calls
-- set in code: spanledger.setup(), or spanledger.LedgerSpanProcessor() in a set-up of your own

-- gives: recognition
WHERE scope_name = 'spanledger' OR scope_name LIKE 'spanledger.%'

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

-- gives: lock_events
SELECT
  'log' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  plan_id,
  step_id,
  lock_key,
  attributes['spanledger.lock.id'] AS lock_id,
  attributes['spanledger.lock.object'] AS object,
  attributes['spanledger.lock.kind'] AS kind,
  attributes['spanledger.lock.mode'] AS mode,
  attributes['spanledger.lock.operation'] AS operation,
  attributes['spanledger.lock.owner'] AS owner,
  replace(event_name, 'spanledger.lock.', '') AS event,
  attributes['spanledger.lock.outcome'] AS outcome,
  attributes['spanledger.lock.holder'] AS holder,
  attributes['spanledger.lock.holder.id'] AS holder_id,
  TRY_CAST(attributes['spanledger.lock.queue.position'] AS BIGINT) AS queue_position,
  TRY_CAST(attributes['spanledger.lock.wait.duration'] AS DOUBLE) * 1000 AS wait_ms,
  TRY_CAST(attributes['spanledger.lock.hold.duration'] AS DOUBLE) * 1000 AS hold_ms,
  at_ns,
  seq AS tie
FROM lock_logs
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
  lock_key,
  coalesce(attributes['spanledger.lock.id'], span_id) AS lock_id,
  attributes['spanledger.lock.object'] AS object,
  attributes['spanledger.lock.kind'] AS kind,
  attributes['spanledger.lock.mode'] AS mode,
  attributes['spanledger.lock.operation'] AS operation,
  attributes['spanledger.lock.owner'] AS owner,
  CASE
    WHEN name = 'lock hold' THEN CASE WHEN edge.is_end THEN 'released' ELSE 'acquired' END
    WHEN NOT edge.is_end THEN 'requested'
    ELSE CASE attributes['spanledger.lock.outcome']
      WHEN 'timeout' THEN 'timed_out' WHEN 'denied' THEN 'timed_out'
      WHEN 'cancelled' THEN 'cancelled' WHEN 'error' THEN 'cancelled' ELSE 'acquired'
    END
  END AS event,
  attributes['spanledger.lock.outcome'] AS outcome,
  attributes['spanledger.lock.holder'] AS holder,
  attributes['spanledger.lock.holder.id'] AS holder_id,
  TRY_CAST(attributes['spanledger.lock.queue.position'] AS BIGINT) AS queue_position,
  CASE WHEN edge.is_end AND name = 'lock wait' THEN elapsed_ms(start_ns, end_ns) END AS wait_ms,
  CASE WHEN edge.is_end AND name = 'lock hold' THEN elapsed_ms(start_ns, end_ns) END AS hold_ms,
  CASE WHEN edge.is_end THEN end_ns ELSE start_ns END AS at_ns,
  seq AS tie
FROM lock_spans, (VALUES (false), (true)) AS edge (is_end)
WHERE NOT edge.is_end OR end_ns > 0

-- gives: state_diffs
SELECT
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  plan_id,
  step_id,
  attributes['spanledger.state.key'] AS state_key,
  attributes['spanledger.state.operation'] AS operation,
  attributes['spanledger.state.patch'] AS changes,
  TRY_CAST(attributes['spanledger.state.change.count'] AS BIGINT) AS change_count,
  attributes['spanledger.state.before.hash'] AS before_hash,
  attributes['spanledger.state.after.hash'] AS after_hash,
  TRY_CAST(attributes['spanledger.state.before.size'] AS BIGINT) AS before_size,
  TRY_CAST(attributes['spanledger.state.after.size'] AS BIGINT) AS after_size,
  nanos("at") AS at_ns
FROM logs
WHERE event_name = 'spanledger.state.changed'

-- gives: actions
SELECT
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  plan_id,
  step_id,
  TRY_CAST(attributes['spanledger.action.seq'] AS BIGINT) AS seq,
  attributes['spanledger.action.id'] AS action_id,
  attributes['spanledger.action.parent.id'] AS parent_id,
  attributes['spanledger.action.type'] AS action_type,
  attributes['spanledger.action.target.kind'] AS target_kind,
  attributes['spanledger.action.target.id'] AS target_id,
  attributes['spanledger.action.scope.kind'] AS scope_kind,
  attributes['spanledger.action.scope.id'] AS scope_id,
  attributes['spanledger.action.source'] AS source,
  attributes['spanledger.action.resolver_path'] AS resolver_path,
  attributes['spanledger.action.reason_code'] AS reason_code,
  attributes['spanledger.action.outcome'] AS outcome,
  TRY_CAST(attributes['spanledger.action.meaningful'] AS BOOLEAN) AS meaningful,
  attributes['spanledger.action.dedupe_key'] AS dedupe_key,
  attributes['spanledger.action.delta'] AS delta,
  nanos("at") AS at_ns
FROM logs
WHERE event_name = 'spanledger.action.performed'

-- gives: agent_events
SELECT
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  plan_id,
  step_id,
  replace(event_name, 'spanledger.agent.', '') AS event,
  attributes['spanledger.agent.status'] AS word,
  attributes['spanledger.agent.task.id'] AS task_id,
  attributes['spanledger.agent.task.name'] AS task,
  attributes['spanledger.agent.task.outcome'] AS outcome,
  coalesce(attributes['exception.message'], error_type) AS error,
  TRY_CAST(attributes['spanledger.agent.heartbeat.interval'] AS DOUBLE) AS next_s,
  nanos("at") AS at_ns,
  seq AS tie
FROM logs
WHERE event_name LIKE 'spanledger.agent.%'
