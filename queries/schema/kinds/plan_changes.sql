-- plan_changes: one row per change of a plan's own status that the emitter reports.
SELECT
  CAST(NULL AS VARCHAR) AS session_id,
  CAST(NULL AS VARCHAR) AS plan_id,
  CAST(NULL AS VARCHAR) AS word,
  CAST(NULL AS BIGINT) AS at_ns
WHERE false
