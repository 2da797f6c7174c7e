-- lock_logs: one row per log record about a lock, in spanledger's own vocabulary.
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
  lock_key
FROM logs
WHERE lock_key IS NOT NULL AND event_name LIKE 'spanledger.lock.%'
