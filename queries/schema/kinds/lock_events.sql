-- lock_events: one row per thing that happened to one life of a lock, from request to release.
-- `event` is requested, acquired, released, timed_out or cancelled; `lock_id` names the life.
-- `object` tells locks with one key apart; `holder` and `holder_id` are who had the lock then, as far as the emitter knew.
SELECT
  CAST(NULL AS VARCHAR) AS source,
  CAST(NULL AS VARCHAR) AS session_id,
  CAST(NULL AS VARCHAR) AS agent,
  CAST(NULL AS VARCHAR) AS trace_id,
  CAST(NULL AS VARCHAR) AS span_id,
  CAST(NULL AS VARCHAR) AS parent_span_id,
  CAST(NULL AS VARCHAR) AS plan_id,
  CAST(NULL AS VARCHAR) AS step_id,
  CAST(NULL AS VARCHAR) AS lock_key,
  CAST(NULL AS VARCHAR) AS lock_id,
  CAST(NULL AS VARCHAR) AS object,
  CAST(NULL AS VARCHAR) AS kind,
  CAST(NULL AS VARCHAR) AS mode,
  CAST(NULL AS VARCHAR) AS operation,
  CAST(NULL AS VARCHAR) AS owner,
  CAST(NULL AS VARCHAR) AS event,
  CAST(NULL AS VARCHAR) AS outcome,
  CAST(NULL AS VARCHAR) AS holder,
  CAST(NULL AS VARCHAR) AS holder_id,
  CAST(NULL AS BIGINT) AS queue_position,
  CAST(NULL AS DOUBLE) AS wait_ms,
  CAST(NULL AS DOUBLE) AS hold_ms,
  CAST(NULL AS BIGINT) AS at_ns,
  CAST(NULL AS BIGINT) AS tie
WHERE false
