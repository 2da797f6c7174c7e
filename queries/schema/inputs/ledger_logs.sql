-- ledger_logs: one row per event of a plan or step in spanledger's own vocabulary.
SELECT
  trace_id,
  span_id,
  session_id,
  agent_name,
  plan_id,
  step_id,
  event_name,
  nanos("at") AS at_ns,
  attributes,
  seq,
  step_status,
  error_type
FROM logs
WHERE event_name LIKE 'spanledger.%' AND plan_id IS NOT NULL
