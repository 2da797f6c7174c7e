-- lock_spans: one row per span of waiting for a lock or holding it, in spanledger's own vocabulary.
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
  attributes,
  seq,
  lock_key
FROM spans
WHERE lock_key IS NOT NULL AND name IN ('lock wait', 'lock hold')
