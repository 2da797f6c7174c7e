-- errors: one row per thing that went wrong: captured exceptions, log records and span events with
-- exception.*, failed spans, failed model and tool calls; one that is told several times is one row.
-- `locals` is JSON, one object a frame, the failing one last. `state_snapshot` is the state it
-- happened in, or its hash in state_diffs.
SELECT
  trace_id,
  span_id,
  session_id,
  agent,
  plan_id,
  step_id,
  at_nanos(at_ns) AS "at",
  type,
  message,
  stacktrace,
  locals,
  state_snapshot,
  code_function,
  chain,
  llm_call_span_id,
  source,
  linked_by,
  confidence
FROM placed_errors
