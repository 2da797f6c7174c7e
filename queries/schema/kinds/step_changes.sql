-- step_changes: one row per change of one step that the emitter names by id.
SELECT
  CAST(NULL AS VARCHAR) AS source,
  CAST(NULL AS VARCHAR) AS session_id,
  CAST(NULL AS VARCHAR) AS agent,
  CAST(NULL AS VARCHAR) AS trace_id,
  CAST(NULL AS VARCHAR) AS span_id,
  CAST(NULL AS VARCHAR) AS parent_span_id,
  CAST(NULL AS VARCHAR) AS plan_id,
  CAST(NULL AS VARCHAR) AS step_id,
  CAST(NULL AS BIGINT) AS revision,
  CAST(NULL AS BIGINT) AS position,
  CAST(NULL AS VARCHAR) AS title,
  CAST(NULL AS VARCHAR) AS word,
  CAST(NULL AS BIGINT) AS attempt,
  CAST(NULL AS VARCHAR) AS output,
  CAST(NULL AS VARCHAR) AS stdout,
  CAST(NULL AS VARCHAR) AS stderr,
  CAST(NULL AS VARCHAR) AS error,
  CAST(NULL AS BIGINT) AS at_ns,
  CAST(NULL AS BIGINT) AS tie
WHERE false
