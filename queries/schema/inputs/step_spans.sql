-- step_spans: one row per span that is one attempt at a step, in spanledger's own vocabulary.
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
  status_code,
  status_message,
  seq,
  error_type
FROM spans
WHERE name = 'step' AND plan_id IS NOT NULL AND step_id IS NOT NULL
