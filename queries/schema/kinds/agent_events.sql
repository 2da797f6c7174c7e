-- agent_events: one row per sign of an agent's life. `event` is task_start, task_result, error,
-- heartbeat or status_changed; `next_s` is in how many seconds the next heartbeat is due.
SELECT
  CAST(NULL AS VARCHAR) AS session_id,
  CAST(NULL AS VARCHAR) AS agent,
  CAST(NULL AS VARCHAR) AS trace_id,
  CAST(NULL AS VARCHAR) AS span_id,
  CAST(NULL AS VARCHAR) AS parent_span_id,
  CAST(NULL AS VARCHAR) AS plan_id,
  CAST(NULL AS VARCHAR) AS step_id,
  CAST(NULL AS VARCHAR) AS event,
  CAST(NULL AS VARCHAR) AS word,
  CAST(NULL AS VARCHAR) AS task_id,
  CAST(NULL AS VARCHAR) AS task,
  CAST(NULL AS VARCHAR) AS outcome,
  CAST(NULL AS VARCHAR) AS error,
  CAST(NULL AS DOUBLE) AS next_s,
  CAST(NULL AS BIGINT) AS at_ns,
  CAST(NULL AS BIGINT) AS tie
WHERE false
