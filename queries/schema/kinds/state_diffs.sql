-- state_diffs: one row per change of a state. `changes` is a JSON Patch (RFC 6902), NULL where
-- content is not told.
SELECT
  CAST(NULL AS VARCHAR) AS session_id,
  CAST(NULL AS VARCHAR) AS agent,
  CAST(NULL AS VARCHAR) AS trace_id,
  CAST(NULL AS VARCHAR) AS span_id,
  CAST(NULL AS VARCHAR) AS parent_span_id,
  CAST(NULL AS VARCHAR) AS plan_id,
  CAST(NULL AS VARCHAR) AS step_id,
  CAST(NULL AS VARCHAR) AS state_key,
  CAST(NULL AS VARCHAR) AS operation,
  CAST(NULL AS VARCHAR) AS changes,
  CAST(NULL AS BIGINT) AS change_count,
  CAST(NULL AS VARCHAR) AS before_hash,
  CAST(NULL AS VARCHAR) AS after_hash,
  CAST(NULL AS BIGINT) AS before_size,
  CAST(NULL AS BIGINT) AS after_size,
  CAST(NULL AS BIGINT) AS at_ns
WHERE false
